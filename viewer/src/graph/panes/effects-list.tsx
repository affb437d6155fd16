/** What speaks for one answer rather than another: nodes by their signed effect on the difference. */

import { useMemo, useState } from 'react';
import type { Effects } from '../model/effects';
import type { GraphModel } from '../model/graph';
import { signed } from '../model/names';
import type { Hover } from '../state/hover';
import { walkRows } from './links';
import { NodeRow } from './node-row';

interface EffectsListProps {
  model: GraphModel;
  shown: Uint8Array;
  effects: Effects;
  what: string;
  hover: Hover;
  select: (node: number) => void;
}

type By = 'total' | 'direct';
const LISTED = 150;

export function EffectsList({ model, shown, effects, what, hover, select }: EffectsListProps) {
  const [by, setBy] = useState<By>('total');
  const values = effects[by];
  const rows = useMemo(
    () =>
      Array.from(values.keys())
        .filter((node) => shown[node] && values[node] !== 0)
        .sort((a, b) => Math.abs(values[b] ?? 0) - Math.abs(values[a] ?? 0))
        .slice(0, LISTED),
    [values, shown],
  );
  const most = Math.abs(values[rows[0] ?? 0] ?? 0) || 1;
  return (
    <div className="links effects">
      <p className="small">
        Effect on <strong>{what}</strong>: <span className="positive">+ for</span>,{' '}
        <span className="negative">− against</span>. Total counts every path through the graph,
        direct the edge alone; norms and attention patterns stay as they were.
      </p>
      <div className="links-orders small" role="group" aria-label="Order of effects">
        {(['total', 'direct'] as const).map((name) => (
          <button
            key={name}
            type="button"
            className="plain"
            aria-pressed={by === name}
            onClick={() => setBy(name)}
          >
            {name} effect
          </button>
        ))}
      </div>
      <ul onKeyDown={walkRows} aria-label="effects">
        {rows.map((node) => {
          const value = values[node] ?? 0;
          return (
            <NodeRow
              key={node}
              model={model}
              node={node}
              size={Math.abs(value) / most}
              sign={value < 0 ? 'negative' : 'positive'}
              hover={hover}
              select={select}
            >
              {signed(value)}
            </NodeRow>
          );
        })}
      </ul>
    </div>
  );
}
