import { type DrawnFlow, drawnFlows, flowLabels, textOf } from '../layout/flows';
import type { Box } from '../layout/layered';
import type { Flow, Subgraph } from '../model/subgraph';
import type { FlowVerdict } from '../verify/verdicts';
import { LINES, strokeOf } from '../verify/words';

interface SubgraphFlowsProps {
  made: Subgraph;
  boxes: readonly Box[];
  /** Flows of a smaller share are not drawn. */
  least: number;
  /** What testing found, where that is to be drawn. */
  verdict: ((flow: Flow) => FlowVerdict) | undefined;
  /** Absent where no server could say why. */
  why: ((flow: Flow) => void) | undefined;
}

/** Edges of the subgraph, and their shares where they find room. */
export function SubgraphFlows({ made, boxes, least, verdict, why }: SubgraphFlowsProps) {
  const drawn = drawnFlows(made, boxes, least);
  return (
    <>
      {drawn.map((flow) => {
        const judged = verdict?.(flow);
        return (
          <path
            key={`${flow.source} ${flow.target}`}
            className={`flow ${flow.share < 0 ? 'negative' : 'positive'}`}
            data-verdict={judged?.verdict}
            d={flow.path}
            strokeWidth={judged ? strokeOf(judged.verdict, flow.width) : flow.width}
            strokeOpacity={flow.opacity}
            style={judged && { strokeDasharray: LINES[judged.verdict].dash }}
          >
            <title>{wordsOf(flow, made, judged)}</title>
          </path>
        );
      })}
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
      {why &&
        drawn.map((flow) => (
          <path
            key={`${flow.source} ${flow.target}`}
            className="flow-grip"
            d={flow.path}
            role="button"
            tabIndex={0}
            aria-label={`Why ${wordsOf(flow, made, verdict?.(flow))}`}
            onClick={() => why(flow)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return;
              event.stopPropagation();
              why(flow);
            }}
          >
            <title>{`${wordsOf(flow, made, verdict?.(flow))}\nClick to see which heads carry it`}</title>
          </path>
        ))}
    </>
  );
}

function wordsOf(flow: DrawnFlow, { items }: Subgraph, judged?: FlowVerdict): string {
  const [from, to] = [items[flow.source]?.label, items[flow.target]?.label];
  const verdict = judged ? `\n${judged.words}` : '';
  return `${from} → ${to}: ${textOf(flow)} of its inputs${verdict}`;
}
