import { fit, Taken } from '../layout/labels';
import type { Box } from '../layout/layered';
import { percent } from '../model/names';
import type { Flow, Subgraph } from '../model/subgraph';

interface SubgraphFlowsProps {
  made: Subgraph;
  boxes: readonly Box[];
  /** Flows of a smaller share are not drawn. */
  least: number;
}

const LABEL = { width: 42, height: 15 };
const EVERYWHERE = { x: -1e6, y: -1e6, width: 2e6, height: 2e6 };

interface Drawn extends Flow {
  path: string;
  middle: { x: number; y: number };
}

/** Edges of the subgraph, the strong ones above, labels where they find room. */
export function SubgraphFlows({ made, boxes, least }: SubgraphFlowsProps) {
  const drawn = made.flows
    .filter((flow) => Math.abs(flow.share) >= Math.max(least, 1e-6))
    .sort((a, b) => Math.abs(a.share) - Math.abs(b.share))
    .map((flow) => drawnFlow(flow, boxes))
    .filter((flow) => flow !== null);
  const taken = new Taken();
  for (const box of boxes)
    taken.add({ x: box.x - box.width / 2, y: box.y - box.height / 2, ...sizeOf(box) });
  const labels = [...drawn].reverse().map((flow) => ({ flow, spot: labelSpot(flow, taken) }));
  return (
    <>
      {drawn.map((flow) => (
        <path
          key={`${flow.source} ${flow.target}`}
          className={`flow ${flow.share < 0 ? 'negative' : 'positive'}`}
          d={flow.path}
          strokeWidth={1 + 9 * Math.min(Math.abs(flow.share), 1)}
          strokeOpacity={Math.min(0.35 + 1.3 * Math.abs(flow.share), 0.95)}
        >
          <title>{wordsOf(flow, made)}</title>
        </path>
      ))}
      {labels.map(
        ({ flow, spot }) =>
          spot && (
            <text
              key={`${flow.source} ${flow.target}`}
              className={`flow-label ${flow.share < 0 ? 'negative' : 'positive'}`}
              x={spot.x + LABEL.width / 2}
              y={spot.y + LABEL.height - 3}
            >
              {flow.share < 0 ? '−' : '+'}
              {percent(Math.abs(flow.share))}
            </text>
          ),
      )}
    </>
  );
}

const sizeOf = ({ width, height }: Box) => ({ width, height });

function drawnFlow(flow: Flow, boxes: readonly Box[]): Drawn | null {
  const from = boxes[flow.source];
  const to = boxes[flow.target];
  if (!from || !to) return null;
  const upwards = from.y > to.y;
  const y0 = from.y + (upwards ? -from.height : from.height) / 2;
  const y1 = to.y + (upwards ? to.height : -to.height) / 2;
  const bend = (y1 - y0) * 0.45;
  const path = `M${from.x} ${y0}C${from.x} ${y0 + bend} ${to.x} ${y1 - bend} ${to.x} ${y1}`;
  return { ...flow, path, middle: { x: (from.x + to.x) / 2, y: (y0 + y1) / 2 } };
}

function labelSpot(flow: Drawn, taken: Taken) {
  const { x, y } = flow.middle;
  return fit({ x, y, radius: -LABEL.height / 2, ...LABEL }, EVERYWHERE, taken);
}

function wordsOf(flow: Flow, { items }: Subgraph): string {
  const sign = flow.share < 0 ? '−' : '+';
  const size = percent(Math.abs(flow.share));
  return `${items[flow.source]?.label} → ${items[flow.target]?.label}: ${sign}${size} of its inputs`;
}
