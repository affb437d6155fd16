/** The edges of a graph that a flow of the subgraph is made of. */

import { type GraphModel, inputsOf } from '../model/graph';
import type { Flow, Subgraph } from '../model/subgraph';

export interface Edge {
  source: number;
  target: number;
}

const LISTED = 50;

/** The largest first. */
export function edgesOf(model: GraphModel, made: Subgraph, flow: Flow): Edge[] {
  const from = new Set(made.items[flow.source]?.members);
  const found = (made.items[flow.target]?.members ?? []).flatMap((target) =>
    Array.from(inputsOf(model, target))
      .filter((edge) => from.has(model.source[edge] as number))
      .map((edge) => ({
        source: model.source[edge] as number,
        target,
        size: Math.abs(model.weight[edge] as number),
      })),
  );
  return found
    .sort((a, b) => b.size - a.size)
    .slice(0, LISTED)
    .map(({ source, target }) => ({ source, target }));
}
