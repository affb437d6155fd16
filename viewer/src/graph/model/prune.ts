/**
 * Pruning: the nodes and edges that carry most of a graph's influence. The port of
 * `microtome.circuit.prune` to sparse edges; tests compare the two.
 */

import { DIRECTION, FEATURE, type GraphModel, LOGIT, rowsBy, TOKEN } from './graph';
import { sourceInfluence, through } from './influence';

export interface Pruned {
  nodes: Uint8Array;
  edges: Uint8Array;
  nNodes: number;
  nEdges: number;
}

/** All of the document. */
export function whole(model: GraphModel): Pruned {
  const nodes = new Uint8Array(model.nNodes).fill(1);
  const edges = model.weight.map((w) => (w === 0 ? 0 : 1));
  return counted(nodes, Uint8Array.from(edges));
}

/** What does not change while a slider moves. */
export interface Ranking {
  model: GraphModel;
  always: Uint8Array;
  influence: Float64Array;
  /** Share of influence held by the nodes before each one; a node stays while it is below. */
  above: Float64Array;
}

/**
 * Rank the nodes by influence. A document of a part of a graph carries the ranks in the whole.
 */
export function ranking(model: GraphModel): Ranking {
  const influence = sourceInfluence(model);
  const always = Uint8Array.from(model.kind, (kind, i) =>
    kind === TOKEN || kind === LOGIT || kind === DIRECTION || (model.start[i] as number) > 0
      ? 1
      : 0,
  );
  if (influence) return { model, always, influence, above: shareAbove(influence) };
  const recorded = Float64Array.from(model.document.nodes.influence);
  return { model, always, influence: recorded, above: recordedAbove(model, recorded) };
}

function shareAbove(scores: Float64Array): Float64Array {
  const order = descending(scores);
  const total = order.reduce((sum, i) => sum + (scores[i] as number), 0);
  const above = new Float64Array(scores.length);
  let sum = 0;
  for (const i of order) {
    above[i] = total > 0 ? sum / total : 0;
    sum += scores[i] as number;
  }
  return above;
}

/** From the cumulative shares, which include the node itself. */
function recordedAbove(model: GraphModel, influence: Float64Array): Float64Array {
  const { cumulative } = model.document.nodes;
  const first = descending(influence)[0] ?? 0;
  const total = (influence[first] ?? 0) / (cumulative[first] || 1) || 1;
  return influence.map((value, i) => Math.max((cumulative[i] ?? 1) - value / total, 0));
}

/** Indices by falling score; equal scores in their order. */
export function descending(scores: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i);
  return order.sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
}

/**
 * Keep the nodes that hold a share of influence, then the edges that hold a share of theirs.
 *
 * Tokens and the targets asked for always stay. Features left without an input or an output are
 * dropped, repeatedly.
 */
export function prune(ranked: Ranking, nodeThreshold: number, edgeThreshold: number): Pruned {
  const { model, always, influence, above } = ranked;
  const nodes = always.slice();
  for (let i = 0; i < model.nNodes; i++) {
    const holds = nodeThreshold >= 1 || (above[i] as number) < nodeThreshold;
    if (holds && (influence[i] as number) > 0) nodes[i] = 1;
  }
  const edges = keepEdges(model, nodes, edgeThreshold);
  dropLoose(model, nodes, edges, always);
  return counted(nodes, edges);
}

function counted(nodes: Uint8Array, edges: Uint8Array): Pruned {
  const sum = (flags: Uint8Array) => flags.reduce((total, flag) => total + flag, 0);
  return { nodes, edges, nNodes: sum(nodes), nEdges: sum(edges) };
}

function keepEdges(model: GraphModel, nodes: Uint8Array, threshold: number): Uint8Array {
  const { source, target, weight, nNodes, nEdges } = model;
  const size = new Float64Array(nEdges);
  const mass = new Float64Array(nNodes);
  for (let e = 0; e < nEdges; e++) {
    const into = target[e] as number;
    if (!nodes[source[e] as number] || !nodes[into]) continue;
    size[e] = Math.abs(weight[e] as number);
    mass[into] = (mass[into] as number) + (size[e] as number);
  }
  const normal = (e: number) =>
    size[e] ? (size[e] as number) / (mass[target[e] as number] as number) : 0;
  const flow = through(model, model.start, normal);
  const scores = size;
  for (let e = 0; e < nEdges; e++) scores[e] = normal(e) * (flow[target[e] as number] as number);
  return holding(scores, threshold);
}

/** The fewest entries, largest first, that hold a share of the total; never one of 0. */
export function holding(scores: Float64Array, threshold: number): Uint8Array {
  const keep = new Uint8Array(scores.length);
  const sorted = scores.filter((score) => score > 0).sort();
  const total = sumFromTop(sorted, sorted.length);
  let taken = 0;
  let sum = 0;
  while (taken < sorted.length && (threshold >= 1 || sum < threshold * total))
    sum += sorted[sorted.length - ++taken] as number;
  if (!taken) return keep;
  const least = sorted[sorted.length - taken] as number;
  let equal = taken - countAbove(sorted, least);
  for (let e = 0; e < scores.length; e++) {
    const score = scores[e] as number;
    if (score > least || (score === least && equal-- > 0)) keep[e] = 1;
  }
  return keep;
}

function sumFromTop(sorted: Float64Array, n: number): number {
  let sum = 0;
  for (let k = 1; k <= n; k++) sum += sorted[sorted.length - k] as number;
  return sum;
}

function countAbove(sorted: Float64Array, value: number): number {
  let k = sorted.length;
  while (k > 0 && (sorted[k - 1] as number) > value) k--;
  return sorted.length - k;
}

/** Degrees of kept edges tell which nodes are loose; dropping one may loosen others. */
function dropLoose(
  model: GraphModel,
  nodes: Uint8Array,
  edges: Uint8Array,
  always: Uint8Array,
): void {
  const { source, target, nNodes, nEdges } = model;
  const nInputs = new Uint32Array(nNodes);
  const nOutputs = new Uint32Array(nNodes);
  const count = (into: Uint32Array, at: number, by: number) => {
    into[at] = (into[at] as number) + by;
  };
  for (let e = 0; e < nEdges; e++) {
    if (!edges[e]) continue;
    count(nInputs, target[e] as number, 1);
    count(nOutputs, source[e] as number, 1);
  }
  const isLoose = (i: number) =>
    nodes[i] && !always[i] && (!nOutputs[i] || (model.kind[i] === FEATURE && !nInputs[i]));
  const waiting = Array.from({ length: nNodes }, (_, i) => i).filter(isLoose);
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (!nodes[node]) continue;
    nodes[node] = 0;
    for (const { edges: list, offsets } of [model.inputs, model.outputs]) {
      for (let k = offsets[node] as number; k < (offsets[node + 1] as number); k++) {
        const e = list[k] as number;
        if (!edges[e]) continue;
        edges[e] = 0;
        count(nInputs, target[e] as number, -1);
        count(nOutputs, source[e] as number, -1);
        for (const end of [source[e] as number, target[e] as number])
          if (isLoose(end)) waiting.push(end);
      }
    }
  }
}

/** Rows of the kept edges alone: what a page lists and draws. */
export function keptRows(model: GraphModel, edges: Uint8Array) {
  const kept = Uint32Array.from(model.source.keys()).filter((e) => edges[e]);
  const by = (end: Uint32Array) => {
    const rows = rowsBy(
      kept.map((e) => end[e] as number),
      model.nNodes,
    );
    return { offsets: rows.offsets, edges: rows.edges.map((k) => kept[k] as number) };
  };
  return { kept, inputs: by(model.target), outputs: by(model.source) };
}
