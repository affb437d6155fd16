/**
 * Influence of every node on the targets: the port of `microtome.circuit.influence` to sparse
 * edges. With rows of |A| normalised over all inputs it is w (A + A^2 + ...), and as the graph has
 * no cycle one pass from the targets down gives the sum.
 */

import { type GraphModel, inputsOf, UNEXPANDED } from './graph';

/** What flows through every node, its own start included, when edges pass on these shares. */
export function through(
  model: GraphModel,
  start: Float64Array,
  shareOf: (edge: number) => number,
): Float64Array {
  const flow = start.slice();
  for (let k = model.nNodes - 1; k >= 0; k--) {
    const node = model.order[k] as number;
    const arriving = flow[node] as number;
    if (arriving === 0) continue;
    for (const edge of inputsOf(model, node)) {
      const from = model.source[edge] as number;
      flow[from] = (flow[from] as number) + arriving * shareOf(edge);
    }
  }
  return flow;
}

/**
 * Influence that nodes have as sources, over the whole graph: targets' own weights are left out.
 * The unexpanded node passes on the mass of all features in it, not their sum. Null where the
 * document holds a part of the graph only.
 */
export function sourceInfluence(model: GraphModel): Float64Array | null {
  if (!model.document.complete) return null;
  const { kind, mass, source, target, weight, start } = model;
  const flow = through(model, start, (edge) => {
    const total = mass[target[edge] as number] as number;
    if (!(total > 0) || kind[source[edge] as number] === UNEXPANDED) return 0;
    return Math.abs(weight[edge] as number) / total;
  });
  const influence = flow.map((value, i) => Math.max(value - (start[i] as number), 0));
  const unexpanded = kind.indexOf(UNEXPANDED);
  if (unexpanded >= 0) influence[unexpanded] = unexpandedInfluence(model, flow);
  return influence;
}

/** What a target's inputs do not sum to is the mass of its unexpanded features. */
function unexpandedInfluence(model: GraphModel, flow: Float64Array): number {
  let total = 0;
  for (let node = 0; node < model.nNodes; node++) {
    const mass = model.mass[node] as number;
    if (!(mass > 0) || flow[node] === 0) continue;
    let expanded = 0;
    for (const edge of inputsOf(model, node)) {
      if (model.kind[model.source[edge] as number] !== UNEXPANDED)
        expanded += Math.abs(model.weight[edge] as number);
    }
    total += ((flow[node] as number) * Math.max(mass - expanded, 0)) / mass;
  }
  return total;
}
