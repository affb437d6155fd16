/** Beside the graph as long as no node is selected: how to read it, where to begin, notes. */

import { useMemo } from 'react';
import { FEATURE } from '../model/graph';
import { percent } from '../model/names';
import { descending } from '../model/prune';
import type { Hover } from '../state/hover';
import type { Session } from '../state/session';
import { walkRows } from './links';
import { NodeRow } from './node-row';

const LISTED = 12;

interface OverviewProps {
  session: Session;
  hover: Hover;
  select: (node: number) => void;
}

export function Overview({ session, hover, select }: OverviewProps) {
  const { model, ranked, state, act } = session;
  const { influence } = ranked;
  const strongest = useMemo(
    () =>
      [...descending(influence)]
        .filter((node) => model.kind[node] === FEATURE && (influence[node] as number) > 0)
        .slice(0, LISTED),
    [model, influence],
  );
  const most = influence[strongest[0] ?? 0] || 1;
  return (
    <div className="overview links">
      <p>Click a node to see what flows into it and out of it.</p>
      <p className="soft small">
        Tokens stand at the bottom, layers above them, answers on top. <Line sign="positive" /> adds
        to what it enters, <Line sign="negative" /> takes away; the wider, the larger its share.
        Arrow keys walk, Enter selects, <kbd>p</kbd> pins, <kbd>/</kbd> searches.
      </p>
      {strongest.length > 0 && (
        <>
          <h3>Features of most influence</h3>
          <ul onKeyDown={walkRows} aria-label="Features of most influence">
            {strongest.map((node) => (
              <NodeRow
                key={node}
                model={model}
                node={node}
                size={(influence[node] as number) / most}
                hover={hover}
                select={select}
              >
                {percent(influence[node] as number)}
              </NodeRow>
            ))}
          </ul>
        </>
      )}
      <label className="graph-note small">
        <span className="soft">Notes on this graph</span>
        <textarea
          rows={4}
          value={state.notes}
          placeholder="What did you find? Saved with the graph, and in its link."
          onChange={(event) => act({ do: 'notes', text: event.target.value })}
          onBlur={() => act({ do: 'settle' })}
        />
      </label>
    </div>
  );
}

/** An edge as it is drawn, in words for those who do not see it. */
function Line({ sign }: { sign: 'positive' | 'negative' }) {
  const dashed = sign === 'negative';
  return (
    <span className={`edge-sign ${sign}`}>
      <svg viewBox="0 0 26 8" width="26" height="8" aria-hidden="true">
        <path d="M1 4h24" strokeDasharray={dashed ? '5 3' : ''} />
      </svg>{' '}
      {dashed ? 'dashed' : 'a whole line'}
    </span>
  );
}
