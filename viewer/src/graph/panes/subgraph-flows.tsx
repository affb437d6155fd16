import { type DrawnFlow, drawnFlows, flowLabels, textOf } from '../layout/flows';
import type { Box } from '../layout/layered';
import type { Subgraph } from '../model/subgraph';

interface SubgraphFlowsProps {
  made: Subgraph;
  boxes: readonly Box[];
  /** Flows of a smaller share are not drawn. */
  least: number;
}

/** Edges of the subgraph, and their shares where they find room. */
export function SubgraphFlows({ made, boxes, least }: SubgraphFlowsProps) {
  const drawn = drawnFlows(made, boxes, least);
  return (
    <>
      {drawn.map((flow) => (
        <path
          key={`${flow.source} ${flow.target}`}
          className={`flow ${flow.share < 0 ? 'negative' : 'positive'}`}
          d={flow.path}
          strokeWidth={flow.width}
          strokeOpacity={flow.opacity}
        >
          <title>{wordsOf(flow, made)}</title>
        </path>
      ))}
      {flowLabels(drawn, boxes).map(({ flow, text, x, y }) => (
        <text
          key={`${flow.source} ${flow.target}`}
          className={`flow-label ${flow.share < 0 ? 'negative' : 'positive'}`}
          x={x}
          y={y + 4}
        >
          {text}
        </text>
      ))}
    </>
  );
}

function wordsOf(flow: DrawnFlow, { items }: Subgraph): string {
  const [from, to] = [items[flow.source]?.label, items[flow.target]?.label];
  return `${from} → ${to}: ${textOf(flow)} of its inputs`;
}
