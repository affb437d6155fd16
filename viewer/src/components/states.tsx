import type { ReactNode } from 'react';
import { Link } from '../navigation';
import { type Loaded, useSource } from '../source';
import { Command } from './copy';
import './states.css';

/** While something is fetched: nothing at first, so that quick answers do not flicker. */
export function Loading({ what = 'Loading' }: { what?: string }) {
  return (
    <div className="state loading" role="status">
      <span className="spinner" aria-hidden="true" />
      {what} …
    </div>
  );
}

interface EmptyProps {
  title: string;
  children?: ReactNode;
  commands?: string[];
}

/** Nothing is there: says what to do. */
export function Empty({ title, children, commands = [] }: EmptyProps) {
  return (
    <div className="state">
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {commands.map((command) => (
        <Command key={command} text={command} />
      ))}
    </div>
  );
}

/** Something went wrong: the sentence, and a way on. */
export function Failed({ error, again }: { error: Error; again?: () => void }) {
  return (
    <div className="state failed" role="alert">
      <p>{sentence(error.message)}</p>
      <p className="failed-actions">
        {again && (
          <button type="button" onClick={again}>
            Try again
          </button>
        )}
        <LibraryLink />
      </p>
    </div>
  );
}

/** Where there is a server, and so a library. */
function LibraryLink() {
  const source = useSource();
  return source.live ? <Link to={{ page: 'library' }}>Go to the library</Link> : null;
}

/** With a capital, unless it begins with a name. */
function sentence(text: string): string {
  return text.replace(/^[a-z]+(?= )/, (word) => word.charAt(0).toUpperCase() + word.slice(1));
}

interface WhenProps<T> {
  of: Loaded<T> & { again: () => void };
  what?: string;
  children: (value: T) => ReactNode;
}

/** Shows what was loaded, and the states before and instead. */
export function When<T>({ of: loaded, what, children }: WhenProps<T>) {
  if (loaded.state === 'failed') return <Failed error={loaded.error} again={loaded.again} />;
  if (loaded.value === undefined) return <Loading {...(what ? { what } : {})} />;
  return children(loaded.value);
}
