import { useEffect, useRef, useState } from 'react';
import { figure } from '../format';
import { mix, rgb, type Rgb } from '../theme/rgb';
import { useColours } from '../theme/theme';
import './heatmap.css';

interface HeatmapProps {
  /** [row][column], not negative. */
  values: readonly (readonly number[])[];
  maximum: number;
  label: string;
  rowName: string;
  columnName: string;
  describe: (row: number, column: number, value: number) => string;
}

interface Cell {
  row: number;
  column: number;
}

/** A matrix as a picture, one cell a pixel, drawn large; columns across, rows from the bottom up. */
export function Heatmap(props: HeatmapProps) {
  const { values, maximum, label, rowName, columnName, describe } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState<Cell>();
  const colours = useColours();
  const rows = values.length;
  const columns = values[0]?.length ?? 0;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || !colours || !rows || !columns) return;
    const [low, high] = [rgb(colours.sunken), rgb(colours.active)];
    context.putImageData(imageOf(values, maximum, low, high), 0, 0);
  }, [values, maximum, colours, rows, columns]);
  const cell = at && values[at.row]?.[at.column];
  const limit = (i: number, length: number) => Math.max(0, Math.min(length - 1, i));
  return (
    <figure className="heatmap">
      <span className="heatmap-row-name small soft">
        <span>0</span>
        <span>{rowName} →</span>
        <span>{rows - 1}</span>
      </span>
      <canvas
        ref={canvas}
        width={columns}
        height={rows}
        tabIndex={0}
        role="img"
        aria-label={label}
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
          const row = rows - 1 - Math.floor(((event.clientY - box.top) / box.height) * rows);
          setAt({ row: limit(row, rows), column: limit(column, columns) });
        }}
        onPointerLeave={() => setAt(undefined)}
        onBlur={() => setAt(undefined)}
        onKeyDown={(event) => {
          const step = STEPS[event.key];
          if (!step) return;
          event.preventDefault();
          setAt(({ row, column } = { row: 0, column: 0 }) => ({
            row: limit(row + step[0], rows),
            column: limit(column + step[1], columns),
          }));
        }}
      />
      <figcaption className="small soft">
        <span>0</span>
        <span>{columnName} →</span>
        <span>{columns - 1}</span>
        <span role="status">
          {at && cell !== undefined ? describe(at.row, at.column, cell) : ''}
        </span>
      </figcaption>
    </figure>
  );
}

/** What the colours of heatmaps say; the square root makes a quarter of the largest the middle. */
export function ColourScale({ maximum }: { maximum: number }) {
  return (
    <div className="colour-scale small soft" role="img" aria-label={`Colours from 0 to ${maximum}`}>
      <i />
      <span>0</span>
      <span>{figure(maximum / 4)}</span>
      <span>{figure(maximum)}</span>
    </div>
  );
}

const STEPS: Record<string, [number, number]> = {
  ArrowUp: [1, 0],
  ArrowDown: [-1, 0],
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1],
};

function imageOf(values: HeatmapProps['values'], maximum: number, low: Rgb, high: Rgb): ImageData {
  const rows = values.length;
  const columns = values[0]?.length ?? 0;
  const image = new ImageData(columns, rows);
  values.forEach((line, row) =>
    line.forEach((value, column) => {
      // A square root spreads the small activations, of which there are most.
      const t = Math.sqrt(Math.max(0, Math.min(1, value / (maximum || 1))));
      const i = 4 * ((rows - 1 - row) * columns + column);
      image.data.set(mix(low, high, t), i);
    }),
  );
  return image;
}
