/** What graph this is, and what can be done with all of it. */

import { type ReactNode, useRef } from 'react';
import { percent, shortName, visible } from '../model/names';
import type { Session } from '../state/session';

interface GraphHeadProps {
  session: Session;
  status: string;
  /** How far the graph can be believed. */
  badge: ReactNode;
  children: ReactNode;
}

export function GraphHead({ session, status, badge, children }: GraphHeadProps) {
  const { view } = session;
  const { replacement, completeness, worst_residual: residual } = view.scores;
  const notes = [...view.warnings];
  if (!view.complete)
    notes.unshift(
      `pruned before it came here (nodes ${view.node_threshold}, edges ${view.edge_threshold}); shares and influence are of the whole graph`,
    );
  return (
    <header className="graph-head">
      <div className="graph-name">
        <h1 title={view.prompt}>
          {view.strings.map((text, i) => (
            <span key={i} className="prompt-token">
              {visible(text)}
            </span>
          ))}
        </h1>
        <dl className="graph-facts small">
          <Fact name="model" value={shortName(view.model)} title={view.model} />
          <Fact name="dictionary" value={shortName(view.dictionary)} title={view.dictionary} />
          <Fact name="replacement" value={score(replacement)} title={REPLACEMENT} />
          <Fact name="completeness" value={score(completeness)} title={COMPLETENESS} />
          {residual !== null && residual !== undefined && (
            <Fact name="residual" value={residual.toExponential(0)} title={RESIDUAL} />
          )}
          {notes.length > 0 && (
            <div className="graph-notes">
              <dt>note</dt>
              <dd title={notes.join('\n')}>{notes.join('; ')}</dd>
            </div>
          )}
        </dl>
      </div>
      {badge}
      <div className="graph-actions">
        <span className="small soft" role="status">
          {status}
        </span>
        {children}
      </div>
    </header>
  );
}

const REPLACEMENT = 'Share of path influence that starts at tokens, rather than at errors';
const COMPLETENESS = 'Share of the nodes’ inputs, weighted by influence, that errors do not give';
const RESIDUAL =
  'Largest difference between the sum of a node’s inputs and what the model computed';

const score = (value: number | null | undefined) =>
  value === null || value === undefined ? '–' : percent(value);

function Fact({ name, value, title }: { name: string; value: string; title?: string }) {
  if (!value) return null;
  return (
    <div title={title ?? value}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface MenuItem {
  text: string;
  title?: string;
  run: () => void;
}

/** A button with a list of actions under it. */
export function Menu({ label, items }: { label: string; items: readonly MenuItem[] }) {
  const details = useRef<HTMLDetailsElement>(null);
  const close = () => details.current?.removeAttribute('open');
  return (
    <details
      className="menu"
      ref={details}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) close();
      }}
      onKeyDown={(event) => event.key === 'Escape' && close()}
    >
      <summary>{label} ▾</summary>
      <ul>
        {items.map((item) => (
          <li key={item.text}>
            <button
              type="button"
              className="plain"
              title={item.title}
              onClick={() => {
                close();
                item.run();
              }}
            >
              {item.text}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
