/** Where the reader is: in the browser's address, or, in a notebook, in memory. */
import {
  type AnchorHTMLAttributes,
  createContext,
  type MouseEvent,
  type ReactNode,
  useContext,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react';
import { type Address, href, parseAddress, type Query, type Route } from './router';
import { useSource } from './source';

export interface Navigation {
  address: Address;
  go: (route: Route, query?: Query) => void;
  /** Changes parameters of the present address, without a new entry in the history. */
  replaceQuery: (change: Query) => void;
  /** The same with a new entry, which `isStep` tells from an address that a reader typed. */
  pushQuery: (change: Query) => void;
}

const NavigationContext = createContext<Navigation>({
  address: parseAddress(''),
  go: () => undefined,
  replaceQuery: () => undefined,
  pushQuery: () => undefined,
});

export function useNavigation(): Navigation {
  return useContext(NavigationContext);
}

/** A parameter of the present address; setting it to an empty text removes it. */
export function useParameter(name: string, fallback = ''): [string, (value: string) => void] {
  const { address, replaceQuery } = useNavigation();
  const value = address.query.get(name) ?? fallback;
  return [value, (next) => replaceQuery({ [name]: next === fallback ? null : next })];
}

function subscribe(changed: () => void): () => void {
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
}

function replaced(hash: string, change: Query): string {
  const { route, query } = parseAddress(hash);
  return href(route, { ...Object.fromEntries(query), ...change });
}

const STEP = { step: true };

/** Whether the present entry of the browser's history was made or left by `pushQuery`. */
export function isStep(): boolean {
  const state: unknown = window.history.state;
  return typeof state === 'object' && state !== null && 'step' in state;
}

export function HashNavigation({ children }: { children: ReactNode }) {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  const navigation = useMemo<Navigation>(
    () => ({
      address: parseAddress(hash),
      go: (route, query) => {
        window.location.hash = href(route, query);
      },
      replaceQuery: (change) => {
        const next = replaced(window.location.hash, change);
        window.history.replaceState(window.history.state, '', next);
        window.dispatchEvent(new HashChangeEvent('hashchange'));
      },
      pushQuery: (change) => {
        const next = replaced(window.location.hash, change);
        window.history.replaceState(STEP, '');
        window.history.pushState(STEP, '', next);
        window.dispatchEvent(new HashChangeEvent('hashchange'));
      },
    }),
    [hash],
  );
  return <NavigationContext value={navigation}>{children}</NavigationContext>;
}

/** Keeps the address of a notebook as it is. */
export function MemoryNavigation({
  start = '',
  children,
}: {
  start?: string;
  children: ReactNode;
}) {
  const [hash, setHash] = useState(start);
  const navigation = useMemo<Navigation>(
    () => ({
      address: parseAddress(hash),
      go: (route, query) => setHash(href(route, query)),
      replaceQuery: (change) => setHash((before) => replaced(before, change)),
      pushQuery: (change) => setHash((before) => replaced(before, change)),
    }),
    [hash],
  );
  return <NavigationContext value={navigation}>{children}</NavigationContext>;
}

type LinkProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> & {
  to: Route;
  query?: Query;
};

/** A link to a page; in a file without a server, where there is no such page, its text alone. */
export function Link({ to, query, onClick, children, ...rest }: LinkProps) {
  const source = useSource();
  if (!source.live) return <span className={rest.className}>{children}</span>;
  const clicked = (event: MouseEvent<HTMLAnchorElement>) => onClick?.(event);
  return (
    <a href={href(to, query)} onClick={clicked} {...rest}>
      {children}
    </a>
  );
}
