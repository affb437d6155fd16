/**
 * Signed effects of every node on a combination of targets.
 *
 * Direct: the edge itself. Total: the sum over all paths. On a path through a feature an input
 * passes on its part of what the feature was made of, edge / activation, with its sign (an active
 * feature's activation is its pre-activation: the sum of its inputs). This is the linear effect in
 * the local replacement model: attention patterns and norm denominators frozen, active features
 * staying active (Ameisen et al. 2025, "Circuit Tracing"). In a pruned document it counts the
 * paths that are there.
 */

import { type GraphModel, inputsOf } from './graph';

export interface Effects {
  targets: ReadonlyMap<number, number>;
  direct: Float64Array;
  total: Float64Array;
}

/** Effects on a sum of targets, each with its coefficient: +1 and -1 for a difference. */
export function effectsOn(model: GraphModel, targets: ReadonlyMap<number, number>): Effects {
  const { nNodes, order, source, weight } = model;
  const direct = new Float64Array(nNodes);
  const total = new Float64Array(nNodes);
  for (let k = nNodes - 1; k >= 0; k--) {
    const node = order[k] as number;
    const asked = targets.get(node) ?? 0;
    const passed = asked + passedOn(model, node, total[node] as number);
    if (asked === 0 && passed === 0) continue;
    for (const edge of inputsOf(model, node)) {
      const from = source[edge] as number;
      direct[from] = (direct[from] as number) + asked * (weight[edge] as number);
      total[from] = (total[from] as number) + passed * (weight[edge] as number);
    }
  }
  return { targets, direct, total };
}

/** What a unit of a node's pre-activation does, when the whole of it does `effect`. */
function passedOn(model: GraphModel, node: number, effect: number): number {
  if (effect === 0) return 0;
  const activation = model.document.nodes.activation[node] ?? 0;
  if (activation > 0) return effect / activation;
  let value = 0;
  let mass = 0;
  for (const edge of inputsOf(model, node)) {
    value += model.weight[edge] as number;
    mass += Math.abs(model.weight[edge] as number);
  }
  // inputs that cancel to nothing pass nothing on: their parts of nothing have no size
  return Math.abs(value) > 1e-9 * mass ? effect / value : 0;
}

/** Targets that a document asks about, largest weight first: their logits can be compared. */
export function targetsOf(model: GraphModel): number[] {
  const targets = Array.from(model.start.keys()).filter((i) => (model.start[i] as number) > 0);
  return targets.sort((a, b) => (model.start[b] as number) - (model.start[a] as number) || a - b);
}
