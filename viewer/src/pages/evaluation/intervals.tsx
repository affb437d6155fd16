import { scaleLinear, scaleLog } from 'd3-scale';
import { schemeTableau10 } from 'd3-scale-chromatic';
import { useState } from 'react';
import { useSize } from '../../components/size';
import { figure } from '../../format';
import type { Figure } from './report';
import '../../components/charts.css';

export interface Marked {
  who: string;
  site: string;
  figure: Figure;
}

const LEFT = 150;
const RIGHT = 16;
const LINE = 13;
const GAP = 14;
const FAR = 20;
const SHAPES = ['circle', 'square', 'diamond', 'bar'] as const;

/** Figures of several dictionaries site by site, each with its interval. */
export function Intervals({ marks, label }: { marks: Marked[]; label: string }) {
  const [frame, { width }] = useSize<HTMLDivElement>();
  const [at, setAt] = useState<Marked>();
  const who = [...new Set(marks.map((m) => m.who))];
  const sites = [...new Set(marks.map((m) => m.site))];
  const block = who.length * LINE + GAP;
  const height = sites.length * block + 22;
  const values = marks.flatMap(({ figure: f }) => [f.low ?? f.value, f.high ?? f.value, f.value]);
  const range: [number, number] = [LEFT, Math.max(LEFT + 1, width - RIGHT)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // Baselines can be worse by factors, beside which the dictionary's own figures would be one.
  const log = low > 0 && high > FAR * low;
  const x = log
    ? scaleLog([low / 1.2, high * 1.2], range)
    : scaleLinear([Math.min(0, low), Math.max(high, 1e-9)], range).nice();
  const ticks = log ? x.ticks(4).filter((t) => /^[125]/.test(t.toExponential())) : x.ticks(5);
  return (
    <div ref={frame} className="chart">
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={label}>
          {sites.map(
            (site, i) =>
              i % 2 === 1 && (
                <rect key={site} className="band" y={i * block + 2} width={width} height={block} />
              ),
          )}
          {ticks.map((tick) => (
            <g key={tick} transform={`translate(${x(tick)},0)`}>
              <line className="grid" y2={height - 18} />
              <text className="tick" y={height - 4} textAnchor="middle">
                {figure(tick)}
              </text>
            </g>
          ))}
          {sites.map((site, i) => (
            <text
              key={site}
              className="tick"
              x={LEFT - 8}
              y={i * block + block / 2}
              textAnchor="end"
              dominantBaseline="middle"
            >
              {site}
            </text>
          ))}
          {marks.map((mark) => (
            <Mark
              key={`${mark.who} ${mark.site}`}
              mark={mark}
              kind={who.indexOf(mark.who)}
              x={x}
              y={sites.indexOf(mark.site) * block + who.indexOf(mark.who) * LINE + (GAP + LINE) / 2}
              point={setAt}
            />
          ))}
        </svg>
      )}
      <div className="legend interval-legend">
        {who.map((name, kind) => (
          <span key={name}>
            <svg width="14" height="12" aria-hidden="true">
              <Shape kind={kind} x={7} y={6} />
            </svg>
            {name}
          </span>
        ))}
        <span role="status" className="small">
          {at && `${at.who}, ${at.site}: ${textOf(at.figure)}`}
        </span>
      </div>
    </div>
  );
}

function textOf({ value, low, high }: Figure): string {
  const interval = low != null && high != null ? ` (${figure(low)} to ${figure(high)})` : '';
  return figure(value) + interval;
}

interface MarkProps {
  mark: Marked;
  kind: number;
  x: (value: number) => number;
  y: number;
  point: (mark: Marked | undefined) => void;
}

function Mark({ mark, kind, x, y, point }: MarkProps) {
  const { value, low, high } = mark.figure;
  return (
    <g
      tabIndex={0}
      aria-label={`${mark.who}, ${mark.site}: ${textOf(mark.figure)}`}
      onFocus={() => point(mark)}
      onBlur={() => point(undefined)}
      onPointerEnter={() => point(mark)}
      onPointerLeave={() => point(undefined)}
    >
      <rect
        x={x(low ?? value) - 6}
        y={y - LINE / 2}
        width={x(high ?? value) - x(low ?? value) + 12}
        height={LINE}
        fill="transparent"
      />
      {low != null && high != null && (
        <line
          x1={x(low)}
          x2={x(high)}
          y1={y}
          y2={y}
          stroke={colourOf(kind)}
          strokeWidth={2}
          opacity={0.6}
        />
      )}
      <Shape kind={kind} x={x(value)} y={y} />
    </g>
  );
}

function colourOf(kind: number): string {
  return kind === 0 ? 'var(--accent)' : (schemeTableau10[kind % 10] ?? 'gray');
}

/** Told apart by shape as well as by colour. */
function Shape({ kind, x, y }: { kind: number; x: number; y: number }) {
  const fill = colourOf(kind);
  switch (SHAPES[kind % SHAPES.length]) {
    case 'circle':
      return <circle cx={x} cy={y} r={4.5} fill={fill} />;
    case 'square':
      return <rect x={x - 3.5} y={y - 3.5} width={7} height={7} fill={fill} />;
    case 'diamond':
      return <path d={`M${x} ${y - 5}l5 5-5 5-5-5z`} fill={fill} />;
    default:
      return <rect x={x - 1.5} y={y - 5} width={3} height={10} fill={fill} />;
  }
}
