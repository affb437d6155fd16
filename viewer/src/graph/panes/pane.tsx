import type { ReactNode } from 'react';

export type PaneName = 'graph' | 'subgraph' | 'node';

interface PaneProps {
  name: PaneName;
  title: ReactNode;
  tools?: ReactNode;
  full: PaneName | null;
  setFull: (pane: PaneName | null) => void;
  /** The pane that keys are for. */
  enter: (pane: PaneName) => void;
  children: ReactNode;
}

/** A part of the page with a title, which can fill the window. */
export function Pane({ name, title, tools, full, setFull, enter, children }: PaneProps) {
  const isFull = full === name;
  return (
    <section
      className={`pane pane-${name} ${isFull ? 'full' : ''}`}
      aria-label={name}
      onPointerEnter={() => enter(name)}
      onFocus={() => enter(name)}
    >
      <header className="pane-head">
        <h2>{title}</h2>
        <div className="pane-tools">{tools}</div>
        <button
          type="button"
          className="plain"
          aria-label={isFull ? 'Back to all panes' : `Fill the window with the ${name}`}
          title={isFull ? 'Back to all panes (f)' : 'Fill the window (f)'}
          aria-pressed={isFull}
          onClick={() => setFull(isFull ? null : name)}
        >
          <FillSign />
        </button>
      </header>
      <div className="pane-body">{children}</div>
    </section>
  );
}

function FillSign() {
  return (
    <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" className="fill-sign">
      <path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" />
    </svg>
  );
}
