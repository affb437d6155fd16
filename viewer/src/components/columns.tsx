import { scaleLinear, scaleLog } from 'd3-scale';
import { useReadout } from './readout';
import { useSize } from './size';
import './charts.css';

interface ColumnsProps {
  values: readonly number[];
  /** What the column at an index is, in words: shown with its value. */
  describe: (index: number) => string;
  label: string;
  /** Under the first and the last column. */
  ends: [string, string];
  log?: boolean;
  height?: number;
}

const TOP = 18;
const BOTTOM = 18;

/** Columns side by side, such as a histogram. Counts span decades, so `log` keeps the small ones. */
export function Columns(props: ColumnsProps) {
  const { values, describe, label, ends, log = false, height = 110 } = props;
  const [frame, { width }] = useSize<HTMLDivElement>();
  const step = width / Math.max(1, values.length);
  const { at, handlers } = useReadout(values.length, (x) => Math.floor(x / step));
  const high = Math.max(...values, log ? 1 : 0);
  const range: [number, number] = [0, height - TOP - BOTTOM];
  // With half a count as zero, one count is visible.
  const scale = log
    ? scaleLog([0.5, Math.max(high, 1)], range).clamp(true)
    : scaleLinear([0, high || 1], range);
  return (
    <div ref={frame} className="chart">
      {width > 0 && (
        <svg
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={label}
          {...handlers}
        >
          {values.map((value, i) => {
            const size = value > 0 ? Math.max(1, scale(value)) : 0;
            return (
              <rect
                key={i}
                className={`column ${i === at ? 'at' : ''}`}
                x={i * step + 0.5}
                width={Math.max(1, step - 1)}
                y={height - BOTTOM - size}
                height={size}
              />
            );
          })}
          <line className="axis" x1={0} x2={width} y1={height - BOTTOM} y2={height - BOTTOM} />
          <text className="tick" x={0} y={height - 4}>
            {ends[0]}
          </text>
          <text className="tick" x={width} y={height - 4} textAnchor="end">
            {ends[1]}
          </text>
        </svg>
      )}
      <p className="readout" role="status">
        {at === undefined ? '' : describe(at)}
      </p>
    </div>
  );
}
