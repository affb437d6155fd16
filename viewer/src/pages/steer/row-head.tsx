import type { ReactNode } from 'react';

interface RowHeadProps {
  /** In plain words. */
  name: string;
  off: boolean;
  /** Where it cannot be switched on: what it is, is not known. */
  lost?: boolean;
  turn: (off: boolean) => void;
  remove: () => void;
  children: ReactNode;
}

/** A change by its name, with a switch, and a way to remove it. */
export function RowHead({ name, off, lost = false, turn, remove, children }: RowHeadProps) {
  return (
    <div className="steer-change-head">
      <input
        type="checkbox"
        aria-label={`${name} is on`}
        title={off ? 'off: the model is run without it' : 'on'}
        checked={!off && !lost}
        disabled={lost}
        onChange={(event) => turn(!event.target.checked)}
      />
      <span className="steer-change-name">{children}</span>
      <button type="button" className="plain" aria-label={`Remove ${name}`} onClick={remove}>
        ✕
      </button>
    </div>
  );
}
