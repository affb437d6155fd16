import {
  createContext,
  type ReactNode,
  type RefObject,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react';

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'microtome.theme';
const DARK = '(prefers-color-scheme: dark)';

interface ThemeState {
  /** As chosen. */
  theme: Theme;
  /** As shown. */
  dark: boolean;
  choose: (theme: Theme) => void;
  /** The element that carries the colours. */
  root: RefObject<HTMLElement | null>;
}

const ThemeContext = createContext<ThemeState>({
  theme: 'system',
  dark: false,
  choose: () => undefined,
  root: { current: null },
});

export function useTheme(): ThemeState {
  return useContext(ThemeContext);
}

interface ThemeProviderProps {
  root: RefObject<HTMLElement | null>;
  start?: Theme | undefined;
  children: ReactNode;
}

export function ThemeProvider({ root, start, children }: ThemeProviderProps) {
  const [theme, setTheme] = useState<Theme>(start ?? remembered);
  const system = useSyncExternalStore(watchSystem, systemIsDark);
  const dark = theme === 'system' ? system : theme === 'dark';
  useEffect(() => {
    if (root.current) root.current.dataset.theme = theme;
  }, [root, theme]);
  const choose = useCallback((next: Theme) => {
    setTheme(next);
    remember(next);
  }, []);
  const state = useMemo(() => ({ theme, dark, choose, root }), [theme, dark, choose, root]);
  return <ThemeContext value={state}>{children}</ThemeContext>;
}

const TOKENS = [
  'page',
  'surface',
  'raised',
  'sunken',
  'ink',
  'soft',
  'faint',
  'line',
  'line-strong',
  'accent',
  'accent-wash',
  'positive',
  'positive-wash',
  'negative',
  'negative-wash',
  'active',
  'good',
  'warn',
  'bad',
] as const;

export type Token = (typeof TOKENS)[number];
export type Colours = Record<Token, string>;

/** The colours as `rgb(...)`, for canvases and files that know no style sheet. */
export function useColours(): Colours | undefined {
  const { root, theme, dark } = useTheme();
  const [colours, setColours] = useState<Colours>();
  useEffect(() => {
    if (root.current) setColours(resolve(root.current));
  }, [root, theme, dark]);
  return colours;
}

function resolve(root: HTMLElement): Colours {
  const probe = document.createElement('span');
  probe.hidden = true;
  root.append(probe);
  const pairs = TOKENS.map((token) => {
    probe.style.color = `var(--${token})`;
    return [token, getComputedStyle(probe).color] as const;
  });
  probe.remove();
  return Object.fromEntries(pairs) as Colours;
}

function systemIsDark(): boolean {
  return window.matchMedia(DARK).matches;
}

function watchSystem(changed: () => void): () => void {
  const media = window.matchMedia(DARK);
  media.addEventListener('change', changed);
  return () => media.removeEventListener('change', changed);
}

function remembered(): Theme {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === 'light' || theme === 'dark' ? theme : 'system';
  } catch {
    return 'system'; // a file opened from disk may have no storage
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // the choice then holds for this page only
  }
}
