/** What flows into a node and out of it, as lists: sorted, walked with the arrow keys. */

import { type KeyboardEvent, memo, useMemo, useState } from 'react';
import type { Edge } from '../edge/edges';
import { type GraphModel, inputsOf, outputsOf, share } from '../model/graph';
import { percent, signed } from '../model/names';
import type { Hover } from '../state/hover';
import { NodeRow } from './node-row';

interface LinkRow {
  node: number;
  weight: number;
  share: number;
  /** Of a merged graph: standard deviation of the weight over prompts. */
  spread: number | undefined;
  /** Whether the drawing has it: not pruned away, not hidden. */
  kept: boolean;
}

type Order = 'share' | 'weight' | 'place';
const AT_FIRST = 60;
/** A smaller share is written “<0.1%”, which has no sign. */
const LEAST_SIGNED = 0.001;

const ORDERS: Record<Order, (a: LinkRow, b: LinkRow) => number> = {
  share: (a, b) => b.share - a.share,
  weight: (a, b) => b.weight - a.weight,
  place: (a, b) => a.node - b.node,
};

function linkRows(
  model: GraphModel,
  shown: Uint8Array,
  node: number,
  side: 'inputs' | 'outputs',
): LinkRow[] {
  const edges = side === 'inputs' ? inputsOf(model, node) : outputsOf(model, node);
  const end = side === 'inputs' ? model.source : model.target;
  return Array.from(edges, (edge) => ({
    node: end[edge] as number,
    weight: model.weight[edge] as number,
    share: share(model, edge),
    spread: model.document.edges.spread?.[edge],
    kept: shown[end[edge] as number] === 1,
  }));
}

interface LinksProps {
  model: GraphModel;
  shown: Uint8Array;
  node: number;
  side: 'inputs' | 'outputs';
  hover: Hover;
  select: (node: number) => void;
  why?: ((edges: readonly Edge[]) => void) | undefined;
}

export function Links({ model, shown, node, side, hover, select, why }: LinksProps) {
  const [order, setOrder] = useState<Order>('share');
  const [all, setAll] = useState(false);
  const rows = useMemo(
    () => linkRows(model, shown, node, side).sort(ORDERS[order]),
    [model, shown, node, side, order],
  );
  if (!rows.length)
    return <p className="links-none soft small">{side === 'inputs' ? NO_INPUTS : NO_OUTPUTS}</p>;
  const most = Math.max(...rows.map((row) => row.share)) || 1;
  const visible = all ? rows : rows.slice(0, AT_FIRST);
  return (
    <div className="links">
      <div className="links-orders small" role="group" aria-label={`Order of ${side}`}>
        <span className="soft">
          {rows.length.toLocaleString('en')} {side}, by
        </span>
        {(Object.keys(ORDERS) as Order[]).map((name) => (
          <button
            key={name}
            type="button"
            className="plain"
            aria-pressed={order === name}
            onClick={() => setOrder(name)}
          >
            {name}
          </button>
        ))}
      </div>
      <div className="links-heads small soft" aria-hidden="true">
        <span>share</span>
        <span>weight</span>
      </div>
      <ul onKeyDown={walkRows} aria-label={side}>
        {visible.map((row) => (
          <Row
            key={row.node}
            model={model}
            row={row}
            most={most}
            hover={hover}
            select={select}
            own={node}
            side={side}
            why={why}
          />
        ))}
      </ul>
      {visible.length < rows.length && (
        <button type="button" className="plain" onClick={() => setAll(true)}>
          Show all {rows.length.toLocaleString('en')}
        </button>
      )}
    </div>
  );
}

const NO_INPUTS = 'No inputs: tokens, errors and bias are where a graph starts.';
const NO_OUTPUTS = 'No outputs: nothing in this graph reads this node.';

interface RowProps {
  model: GraphModel;
  row: LinkRow;
  /** Largest share in the list. */
  most: number;
  hover: Hover;
  select: (node: number) => void;
  /** The node whose list it is. */
  own: number;
  side: 'inputs' | 'outputs';
  why: ((edges: readonly Edge[]) => void) | undefined;
}

const Row = memo(function Row(props: RowProps) {
  const { model, row, most, hover, select, own, side, why } = props;
  const { node, weight } = row;
  const edge = side === 'inputs' ? { source: node, target: own } : { source: own, target: node };
  return (
    <NodeRow
      model={model}
      node={node}
      size={row.share / most}
      sign={weight < 0 ? 'negative' : 'positive'}
      away={!row.kept}
      hover={hover}
      select={select}
      after={
        <span className="link-weight soft">
          {signed(weight)}
          {row.spread !== undefined && row.spread > 0 && (
            <span className="link-spread" title="Standard deviation over the prompts">
              ±{rounded(row.spread)}
            </span>
          )}
        </span>
      }
      beside={
        why && (
          <button
            type="button"
            className="plain small why"
            title="Which heads carry this edge?"
            onClick={() => why([edge])}
          >
            why
          </button>
        )
      }
    >
      {row.share >= LEAST_SIGNED && (weight < 0 ? '−' : '+')}
      {percent(row.share)}
    </NodeRow>
  );
});

const rounded = (value: number) => (value < 0.005 ? '0.00' : value.toPrecision(2));

/** Up and down move the focus through the buttons of a list. */
export function walkRows(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>('button.link-row')];
  const at = buttons.indexOf(document.activeElement as HTMLElement);
  const next = buttons[at + step];
  event.preventDefault();
  event.stopPropagation();
  next?.focus();
}
