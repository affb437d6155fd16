/** Predicted against measured effects: a point for every group and size; click chooses a group. */

import { scaleLinear } from 'd3-scale';
import { type KeyboardEvent, useMemo, useState } from 'react';
import { useSize } from '../../components/size';
import type { Verification } from '../../documents';
import { figure } from '../../format';
import { signed, title } from '../model/names';
import { FEATURE, type GraphModel } from '../model/graph';
import { type Group, type Point, pointsOf, rangeOf, targetsOf } from './points';
import { type Mode, sizeName } from './words';

interface ScatterProps {
  found: Verification;
  mode: Mode;
  /** Label of a group; empty without one. */
  chosen: string;
  choose: (label: string) => void;
  model: GraphModel;
}

const LEFT = 46;
const BOTTOM = 34;
const EDGE = 8;
const LARGEST = 420;

export function Scatter({ found, mode, chosen, choose, model }: ScatterProps) {
  const targets = useMemo(() => targetsOf(found, mode), [found, mode]);
  const [target, setTarget] = useState(targets[0] ?? '');
  const [controls, setControls] = useState(true);
  const [others, setOthers] = useState(false);
  const [at, setAt] = useState<Point | null>(null);
  const [frame, { width: room }] = useSize<HTMLDivElement>();
  const points = useMemo(
    () => pointsOf(found, target, mode, (group) => others || isOfFeatures(model, group)),
    [found, target, mode, others, model],
  );
  const width = Math.min(room, LARGEST);
  const height = width * 0.82;
  const range = useMemo(() => rangeOf(points, controls), [points, controls]);
  const x = scaleLinear(range, [LEFT, Math.max(width - EDGE, LEFT + 1)]);
  const y = scaleLinear(range, [Math.max(height - BOTTOM, EDGE + 1), EDGE]);
  if (!targets.length) return <p className="soft small">No effect of a group was measured.</p>;
  const now = at ? points.find((p) => p.group === at.group && p.size === at.size) : undefined;
  const walk = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === 'Enter' && now) choose(now.label);
    if (!step && event.key !== 'Enter') return;
    event.preventDefault();
    event.stopPropagation();
    if (!step) return;
    const groups = [...new Set(points.map((p) => p.group))];
    const next = now ? groups.indexOf(now.group) + step : 0;
    const group = groups[Math.min(Math.max(next, 0), groups.length - 1)];
    setAt(points.find((p) => p.group === group) ?? null);
  };
  const drawn = points.filter((p) => Number.isFinite(p.measured));
  return (
    <div className="scatter">
      <div className="scatter-tools small">
        <label>
          effect on{' '}
          <select value={target} onChange={(event) => setTarget(event.target.value)}>
            {targets.map((id) => (
              <option key={id} value={id}>
                {nameOf(model, id)}
              </option>
            ))}
          </select>
        </label>
        <label>
          <input
            type="checkbox"
            checked={controls}
            onChange={(event) => setControls(event.target.checked)}
          />{' '}
          random features
        </label>
        <label title="Tokens and errors are not among the groups that R² is counted of">
          <input
            type="checkbox"
            checked={others}
            onChange={(event) => setOthers(event.target.checked)}
          />{' '}
          tokens and errors
        </label>
      </div>
      <div ref={frame}>
        {width > 0 && (
          <svg
            width={width}
            height={height}
            role="application"
            aria-label={`Predicted against measured effects on ${nameOf(model, target)}, ${mode}: ${drawn.length} points; arrow keys walk, Enter chooses`}
            tabIndex={0}
            onKeyDown={walk}
            onPointerLeave={() => setAt(null)}
          >
            <Frame x={x} y={y} width={width} height={height} />
            {controls && <Controls points={points} x={x} y={y} />}
            {drawn.map((p) => (
              <circle
                key={`${p.group} ${p.size}`}
                className={`effect ${p.size < 0 ? 'less' : 'more'} ${p.label === chosen ? 'chosen' : ''} ${p.group === now?.group ? 'at' : ''}`}
                data-group={p.label}
                cx={x(p.predicted)}
                cy={y(p.measured)}
                r={2.5 + 2 * Math.min(Math.abs(p.size), 1.5)}
                onPointerEnter={() => setAt(p)}
                onClick={() => choose(p.label)}
              />
            ))}
          </svg>
        )}
      </div>
      <p className="scatter-readout small" role="status">
        {now ? (
          <>
            <strong>{now.label}</strong> {sizeName(now.size)}: predicted {signed(now.predicted)},
            measured {signed(now.measured)}
            {Number.isFinite(now.control) && `, random features ${signed(now.control)}`}
          </>
        ) : (
          <span className="soft">
            ● taken away, ○ made stronger, larger by more; × random features. On the line: as
            predicted.
          </span>
        )}
      </p>
    </div>
  );
}

type Scale = ReturnType<typeof scaleLinear<number, number>>;

interface FrameProps {
  x: Scale;
  y: Scale;
  width: number;
  height: number;
}

function Frame({ x, y, width, height }: FrameProps) {
  const [low = 0, high = 1] = x.domain();
  return (
    <g className="scatter-frame">
      {y.ticks(5).map((value) => (
        <g key={value}>
          <line x1={LEFT} x2={width - EDGE} y1={y(value)} y2={y(value)} />
          <text x={LEFT - 6} y={y(value)} dy="0.32em" textAnchor="end">
            {figure(value)}
          </text>
        </g>
      ))}
      {x.ticks(5).map((value) => (
        <text key={value} x={x(value)} y={height - BOTTOM + 14} textAnchor="middle">
          {figure(value)}
        </text>
      ))}
      <line className="exact" x1={x(low)} y1={y(low)} x2={x(high)} y2={y(high)} />
      <text x={(LEFT + width) / 2} y={height - 4} textAnchor="middle" className="axis-name">
        predicted by the graph
      </text>
      <text
        className="axis-name"
        textAnchor="middle"
        transform={`translate(10 ${(height - BOTTOM) / 2}) rotate(-90)`}
      >
        measured
      </text>
    </g>
  );
}

function Controls({ points, x, y }: { points: readonly Point[]; x: Scale; y: Scale }) {
  const path = points
    .filter((p) => Number.isFinite(p.control))
    .map((p) => {
      const [px, py] = [x(p.predicted).toFixed(1), y(p.control).toFixed(1)];
      return `M${px} ${py}m-2.5-2.5l5 5m0-5l-5 5`;
    });
  return <path className="random" d={path.join('')} />;
}

function isOfFeatures(model: GraphModel, group: Group): boolean {
  return group.members.every((id) => model.kind[model.index.get(id) ?? -1] === FEATURE);
}

export function nameOf(model: GraphModel, id: string): string {
  const node = model.index.get(id);
  return node === undefined ? id : title(model, node).replace('⇒ ', '');
}
