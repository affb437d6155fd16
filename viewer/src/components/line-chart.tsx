import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import { useMemo, useState } from 'react';
import { count, figure } from '../format';
import { useReadout } from './readout';
import { useSize } from './size';
import './charts.css';

export interface Series {
  name: string;
  colour: string;
  dash?: string | undefined;
  /** NaN where it was not measured. */
  values: readonly number[];
}

interface LineChartProps {
  title: string;
  x: readonly number[];
  xName: string;
  series: Series[];
  log?: boolean;
  height?: number;
}

const LEFT = 52;
const RIGHT = 10;
const TOP = 8;
const BOTTOM = 24;

/** Curves over one axis: values under the pointer or the arrow keys, series on and off. */
export function LineChart({ title, x, xName, series, log = false, height = 220 }: LineChartProps) {
  const [frame, { width }] = useSize<HTMLDivElement>();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const shown = series.filter(({ name }) => !hidden.has(name));
  const scales = useMemo(
    () =>
      scalesOf(
        x,
        shown.map((s) => s.values),
        log,
        width,
        height,
      ),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- shown follows series and hidden
    [x, series, hidden, log, width, height],
  );
  const { at, handlers } = useReadout(x.length, (px) => nearest(x, scales.x.invert(px)));
  const toggle = (name: string) =>
    setHidden((before) => {
      const next = new Set(before);
      if (!next.delete(name)) next.add(name);
      return next;
    });
  return (
    <div className="line-chart">
      <div ref={frame} className="chart">
        {width > 0 && (
          <svg
            width={width}
            height={height}
            viewBox={`0 0 ${width} ${height}`}
            role="img"
            aria-label={`${title} over ${xName}, ${series.length} series`}
            {...handlers}
          >
            <Axes scales={scales} width={width} height={height} log={log} />
            {shown.map((one) => (
              <path
                key={one.name}
                className="series"
                d={pathOf(x, one.values, scales, log)}
                stroke={one.colour}
                strokeDasharray={one.dash}
              />
            ))}
            {at !== undefined && (
              <g>
                <line
                  className="cross"
                  x1={scales.x(x[at] ?? 0)}
                  x2={scales.x(x[at] ?? 0)}
                  y1={TOP}
                  y2={height - BOTTOM}
                />
                {shown.map(({ name, colour, values }) => {
                  const value = values[at] ?? NaN;
                  if (!drawable(value, log)) return null;
                  const place = { cx: scales.x(x[at] ?? 0), cy: scales.y(value) };
                  return <circle key={name} {...place} r={3} fill={colour} />;
                })}
              </g>
            )}
          </svg>
        )}
      </div>
      <div className="legend" role="group" aria-label={`Series of ${title}`}>
        {series.map(({ name, colour, dash, values }) => (
          <button
            key={name}
            type="button"
            className="plain"
            aria-pressed={!hidden.has(name)}
            onClick={() => toggle(name)}
          >
            <svg width="18" height="8" aria-hidden="true">
              <line
                x2="18"
                y1="4"
                y2="4"
                stroke={colour}
                strokeWidth="2.5"
                strokeDasharray={dash}
              />
            </svg>
            {name}
            <b>{figure(values[at ?? values.length - 1])}</b>
          </button>
        ))}
        <span className="soft small" role="status">
          {at === undefined ? 'last values' : `${xName} ${count(x[at] ?? 0)}`}
        </span>
      </div>
    </div>
  );
}

type Scales = ReturnType<typeof scalesOf>;

function drawable(value: number, log: boolean): boolean {
  return Number.isFinite(value) && (!log || value > 0);
}

function scalesOf(
  x: readonly number[],
  values: (readonly number[])[],
  log: boolean,
  width: number,
  height: number,
) {
  const all = values.flat().filter((value) => drawable(value, log));
  const low = all.reduce((a, b) => Math.min(a, b), all[0] ?? (log ? 0.1 : 0));
  const high = all.reduce((a, b) => Math.max(a, b), all[0] ?? 1);
  const range: [number, number] = [height - BOTTOM, TOP];
  const room = high > low ? [low, high] : [low * 0.9 || -1, high * 1.1 || 1];
  return {
    x: scaleLinear([x[0] ?? 0, x.at(-1) ?? 1], [LEFT, Math.max(LEFT + 1, width - RIGHT)]),
    y: log
      ? scaleLog([(room[0] ?? 1) / 1.15, (room[1] ?? 1) * 1.15], range)
      : scaleLinear([Math.min(0, room[0] ?? 0), room[1] ?? 1], range).nice(),
  };
}

interface AxesProps {
  scales: Scales;
  width: number;
  height: number;
  log: boolean;
}

function Axes({ scales, width, height, log }: AxesProps) {
  const ticks = log ? logTicks(scales.y.domain()) : scales.y.ticks(5);
  return (
    <g>
      {ticks.map((value) => (
        <g key={value} transform={`translate(0,${scales.y(value)})`}>
          <line className="grid" x1={LEFT} x2={width - RIGHT} />
          <text className="tick" x={LEFT - 6} dy="0.32em" textAnchor="end">
            {figure(value)}
          </text>
        </g>
      ))}
      {scales.x.ticks(Math.max(2, Math.floor(width / 110))).map((value) => (
        <text key={value} className="tick" x={scales.x(value)} y={height - 6} textAnchor="middle">
          {count(value)}
        </text>
      ))}
    </g>
  );
}

/** 1, 2 and 5 of every decade in a short range, 1 alone in a long one. */
function logTicks(domain: number[]): number[] {
  const [low = 0.1, high = 1] = domain;
  const decades = Math.log10(high / low);
  const digits = decades > 3 ? [1] : [1, 2, 5];
  const first = Math.floor(Math.log10(low));
  const all = Array.from({ length: Math.ceil(decades) + 2 }, (_, i) => 10 ** (first + i));
  return all
    .flatMap((power) => digits.map((digit) => digit * power))
    .filter((value) => value >= low * 0.999 && value <= high * 1.001);
}

function pathOf(
  x: readonly number[],
  values: readonly number[],
  scales: Scales,
  log: boolean,
): string {
  const path = line<number>()
    .defined((i) => drawable(values[i] ?? NaN, log))
    .x((i) => scales.x(x[i] ?? 0))
    .y((i) => scales.y(values[i] ?? 0));
  return path(Array.from(x.keys())) ?? '';
}

function nearest(x: readonly number[], value: number): number {
  let best = 0;
  x.forEach((at, i) => {
    if (Math.abs(at - value) < Math.abs((x[best] ?? 0) - value)) best = i;
  });
  return best;
}
