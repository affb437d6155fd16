/** Keys that do something anywhere on a page, and the list of them for the help. */
import {
  createContext,
  type ReactNode,
  type RefObject,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useSyncExternalStore,
} from 'react';

interface Shortcut {
  /** One key, or two one after the other: `?`, `g l`, `shift+g`, `mod+k`. */
  keys: string;
  what: string;
  run: () => void;
}

const SEQUENCE_MS = 1200;

/** Shortcuts that are in force; the one registered last wins. */
export class Shortcuts {
  private list: Shortcut[] = [];
  private listeners = new Set<() => void>();
  private pending = { key: '', at: 0 };

  add(shortcut: Shortcut): () => void {
    this.list = [...this.list, shortcut];
    this.changed();
    return () => {
      this.list = this.list.filter((s) => s !== shortcut);
      this.changed();
    };
  }

  all = (): Shortcut[] => this.list;

  subscribe = (changed: () => void): (() => void) => {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  };

  /** Runs what the key stands for; whether it stood for anything. */
  press(event: KeyboardEvent): boolean {
    const key = pressed(event);
    if (!key || (isTyping(event) && !key.startsWith('mod+'))) return false;
    const now = event.timeStamp;
    const before = now - this.pending.at < SEQUENCE_MS ? this.pending.key : '';
    const found = this.find(before ? `${before} ${key}` : '') ?? this.find(key);
    this.pending = { key: found ? '' : key, at: now };
    found?.run();
    return found !== undefined;
  }

  private find(keys: string): Shortcut | undefined {
    return keys ? this.list.findLast((s) => s.keys === keys) : undefined;
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}

function pressed(event: KeyboardEvent): string {
  if (event.altKey || ['Shift', 'Control', 'Meta', 'Alt'].includes(event.key)) return '';
  const mod = event.ctrlKey || event.metaKey;
  const letter = /^[a-z]$/i.test(event.key);
  const shift = event.shiftKey && (mod || letter) ? 'shift+' : '';
  return `${mod ? 'mod+' : ''}${shift}${letter ? event.key.toLowerCase() : event.key}`;
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  const field = target.matches('input:not([type=checkbox], [type=range], [type=radio])');
  return field || target.matches('textarea, select') || target.isContentEditable;
}

const ShortcutsContext = createContext<Shortcuts>(new Shortcuts());

interface ShortcutProviderProps {
  /** Listens inside this element only, as in a notebook; in the whole page where it is absent. */
  within?: RefObject<HTMLElement | null> | undefined;
  children: ReactNode;
}

export function ShortcutProvider({ within, children }: ShortcutProviderProps) {
  const shortcuts = useMemo(() => new Shortcuts(), []);
  useEffect(() => {
    const target: EventTarget = within?.current ?? document;
    const pressed = (event: Event) => {
      if (event.defaultPrevented || !(event instanceof KeyboardEvent)) return;
      if (shortcuts.press(event)) event.preventDefault();
    };
    target.addEventListener('keydown', pressed);
    return () => target.removeEventListener('keydown', pressed);
  }, [shortcuts, within]);
  return <ShortcutsContext value={shortcuts}>{children}</ShortcutsContext>;
}

/** A key for as long as the component is there. */
export function useShortcut(keys: string, what: string, run: () => void): void {
  const shortcuts = useContext(ShortcutsContext);
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(
    () => shortcuts.add({ keys, what, run: () => latest.current() }),
    [shortcuts, keys, what],
  );
}

export function useShortcuts(): Shortcut[] {
  const shortcuts = useContext(ShortcutsContext);
  return useSyncExternalStore(shortcuts.subscribe, shortcuts.all);
}
