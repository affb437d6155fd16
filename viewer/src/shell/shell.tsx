import { type ReactNode, useRef, useState } from 'react';
import { HashNavigation, Link, useNavigation } from '../navigation';
import { type Theme, ThemeProvider, useTheme } from '../theme/theme';
import { Help } from './help';
import { Palette } from './palette';
import { ShortcutProvider, useShortcut } from './shortcuts';
import '../theme/tokens.css';
import '../theme/base.css';
import './shell.css';

/** The frame of the application: top bar, command palette, help, and the page. */
export function Shell({ children }: { children: ReactNode }) {
  const root = useRef<HTMLDivElement>(null);
  return (
    <div className="microtome application" ref={root}>
      <ThemeProvider root={root}>
        <ShortcutProvider>
          <HashNavigation>
            <TopBar />
            <main id="page" tabIndex={-1}>
              {children}
            </main>
          </HashNavigation>
        </ShortcutProvider>
      </ThemeProvider>
    </div>
  );
}

function TopBar() {
  const { address, go } = useNavigation();
  const current = (page: string) =>
    page === address.route.page ? { 'aria-current': 'page' as const } : {};
  const [open, setOpen] = useState<'help' | 'palette'>();
  const close = () => setOpen(undefined);
  useShortcut('?', 'show the keys', () => setOpen('help'));
  useShortcut('mod+k', 'find anything', () => setOpen('palette'));
  useShortcut('/', 'search', () => setOpen('palette'));
  useShortcut('g l', 'go to the library', () => go({ page: 'library' }));
  useShortcut('g x', 'go to the X-ray', () => go({ page: 'xray', id: '' }));
  useShortcut('g h', 'go to the heads', () => go({ page: 'heads', id: '' }));
  useShortcut('g s', 'go to steering', () => go({ page: 'steer' }));
  return (
    <header className="top-bar">
      <a className="skip-link" href="#page" onClick={skip}>
        Skip to the page
      </a>
      <Link className="brand" to={{ page: 'library' }}>
        <Mark />
        microtome
      </Link>
      <nav aria-label="Pages">
        <Link to={{ page: 'library' }} {...current('library')}>
          Library
        </Link>
        <Link to={{ page: 'xray', id: '' }} {...current('xray')}>
          X-ray
        </Link>
        <Link to={{ page: 'heads', id: '' }} {...current('heads')}>
          Heads
        </Link>
        <Link to={{ page: 'steer' }} {...current('steer')}>
          Steer
        </Link>
      </nav>
      <button type="button" className="find" onClick={() => setOpen('palette')}>
        <span>Find a feature, graph, run …</span>
        <kbd>Ctrl K</kbd>
      </button>
      <ThemeButton />
      <button type="button" className="plain" aria-label="Keys" onClick={() => setOpen('help')}>
        ?
      </button>
      {open === 'help' && <Help close={close} />}
      {open === 'palette' && <Palette close={close} />}
    </header>
  );
}

/** A plain `#page` would be taken for an address of the viewer. */
function skip(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.getElementById('page')?.focus();
}

const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const SIGN: Record<Theme, string> = { system: '◐', light: '☀', dark: '☾' };

function ThemeButton() {
  const { theme, choose } = useTheme();
  const what = `Theme: ${theme === 'system' ? 'as the system has it' : theme}`;
  return (
    <button
      type="button"
      className="plain"
      aria-label={what}
      title={what}
      onClick={() => choose(NEXT[theme])}
    >
      {SIGN[theme]}
    </button>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#12548f" />
      <g fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round">
        <path d="M7 10.5h18" />
        <path d="M7 16h18" opacity=".75" />
        <path d="M7 21.5h18" opacity=".5" />
      </g>
      <path d="M21 5v22" stroke="#f0a04b" strokeWidth="2.6" strokeLinecap="round" />
    </svg>
  );
}
