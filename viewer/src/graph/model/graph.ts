/** A graph as arrays: nodes column by column, edges both ways in compressed rows. */

import type { GraphView } from './document';

export const KINDS = [
  'token',
  'feature',
  'error',
  'bias',
  'unexpanded',
  'logit',
  'direction',
] as const;
export type Kind = (typeof KINDS)[number];

export const TOKEN = 0;
export const FEATURE = 1;
export const ERROR = 2;
export const BIAS = 3;
export const UNEXPANDED = 4;
export const LOGIT = 5;
export const DIRECTION = 6;

/** Edges grouped by one of their ends: those of node `i` are `edges[offsets[i]..offsets[i + 1]]`. */
export interface Rows {
  offsets: Uint32Array;
  edges: Uint32Array;
}

export interface GraphModel {
  document: GraphView;
  nNodes: number;
  nEdges: number;
  kind: Uint8Array;
  layer: Int32Array;
  position: Int32Array;
  /** Sum of the absolute inputs of a node in the whole graph: an edge's share is counted of it. */
  mass: Float64Array;
  /** What influence is counted from; sums to one. */
  start: Float64Array;
  source: Uint32Array;
  target: Uint32Array;
  weight: Float64Array;
  inputs: Rows;
  outputs: Rows;
  /** Nodes, every one behind its inputs. */
  order: Uint32Array;
  index: Map<string, number>;
}

/** Sentence for a document that is no graph, instead of a page that draws nonsense. */
export class GraphProblem extends Error {}

const models = new WeakMap<GraphView, GraphModel>();

/** Arrays of a document, made once. See `graphModel`. */
export function modelOf(document: GraphView): GraphModel {
  const model = models.get(document) ?? graphModel(document);
  models.set(document, model);
  return model;
}

/**
 * Arrays of a document.
 *
 * @throws GraphProblem columns of unequal length, an edge to a node that is not there, a cycle.
 */
export function graphModel(document: GraphView): GraphModel {
  const { nodes, edges } = document;
  const nNodes = nodes.id.length;
  const nEdges = edges.source.length;
  checkColumns(document, nNodes, nEdges);
  const source = Uint32Array.from(edges.source);
  const target = Uint32Array.from(edges.target);
  const weight = Float64Array.from(edges.weight);
  const kind = Uint8Array.from(nodes.kind, (name) => kindCode(name));
  const inputs = rowsBy(target, nNodes);
  const outputs = rowsBy(source, nNodes);
  const model = {
    document,
    nNodes,
    nEdges,
    kind,
    layer: Int32Array.from(nodes.layer),
    position: Int32Array.from(nodes.position),
    start: normalised(nodes.weight),
    source,
    target,
    weight,
    inputs,
    outputs,
    order: topological(nNodes, target, inputs, outputs),
    index: new Map(nodes.id.map((id, i) => [id, i])),
  };
  return { ...model, mass: masses(model) };
}

function kindCode(name: string): number {
  const code = KINDS.indexOf(name as Kind);
  if (code < 0) throw new GraphProblem(`The graph has a node of a kind that is unknown: ${name}.`);
  return code;
}

function checkColumns({ nodes, edges }: GraphView, nNodes: number, nEdges: number): void {
  for (const [name, column] of Object.entries(nodes)) {
    if (Array.isArray(column) && column.length !== nNodes)
      throw new GraphProblem(
        `The graph's column ${name} has ${column.length} rows, expected ${nNodes}.`,
      );
  }
  if (edges.target.length !== nEdges || edges.weight.length !== nEdges)
    throw new GraphProblem('The columns of the graph’s edges have unequal lengths.');
  const outside = (node: number) => !(node >= 0 && node < nNodes);
  if (edges.source.some(outside) || edges.target.some(outside))
    throw new GraphProblem('An edge of the graph leads to a node that is not there.');
}

function normalised(weights: readonly number[]): Float64Array {
  const total = weights.reduce((sum, w) => sum + w, 0);
  return Float64Array.from(weights, (w) => (total > 0 ? w / total : w));
}

/** Edges by one of their ends, in the document's order within a node. */
export function rowsBy(end: Uint32Array, nNodes: number): Rows {
  const offsets = new Uint32Array(nNodes + 1);
  for (let e = 0; e < end.length; e++) {
    const at = (end[e] as number) + 1;
    offsets[at] = (offsets[at] as number) + 1;
  }
  for (let i = 0; i < nNodes; i++)
    offsets[i + 1] = (offsets[i + 1] as number) + (offsets[i] as number);
  const next = offsets.slice();
  const edges = new Uint32Array(end.length);
  for (let e = 0; e < end.length; e++) {
    const at = end[e] as number;
    edges[next[at] as number] = e;
    next[at] = (next[at] as number) + 1;
  }
  return { offsets, edges };
}

function topological(
  nNodes: number,
  target: Uint32Array,
  inputs: Rows,
  outputs: Rows,
): Uint32Array {
  const missing = new Uint32Array(nNodes);
  for (let i = 0; i < nNodes; i++)
    missing[i] = (inputs.offsets[i + 1] as number) - (inputs.offsets[i] as number);
  const order = new Uint32Array(nNodes);
  let filled = 0;
  for (let i = 0; i < nNodes; i++) if (missing[i] === 0) order[filled++] = i;
  for (let done = 0; done < filled; done++) {
    const node = order[done] as number;
    const end = outputs.offsets[node + 1] as number;
    for (let k = outputs.offsets[node] as number; k < end; k++) {
      const next = target[outputs.edges[k] as number] as number;
      missing[next] = (missing[next] as number) - 1;
      if (missing[next] === 0) order[filled++] = next;
    }
  }
  if (filled < nNodes)
    throw new GraphProblem('The graph’s edges form a cycle; an attribution graph has none.');
  return order;
}

type WithoutMass = Omit<GraphModel, 'mass'>;

/**
 * Masses. Those of a document are rounded; with all edges here they are the sums of the edges
 * themselves, and what unexpanded features add to them.
 */
function masses(model: WithoutMass): Float64Array {
  const { document, kind, nNodes, nEdges, source, target, weight } = model;
  const stated = Float64Array.from(document.nodes.mass);
  if (!document.complete) return stated;
  const mass = new Float64Array(nNodes);
  for (let e = 0; e < nEdges; e++) {
    const at = target[e] as number;
    if (kind[source[e] as number] !== UNEXPANDED)
      mass[at] = (mass[at] as number) + Math.abs(weight[e] as number);
  }
  if (!kind.includes(UNEXPANDED)) return mass;
  return mass.map((sum, i) => Math.max(sum, stated[i] as number));
}

/** An edge's share: its absolute weight over all absolute inputs of its target; 0 without any. */
export function share(model: GraphModel, edge: number): number {
  const mass = model.mass[model.target[edge] as number] as number;
  return mass > 0 ? Math.abs(model.weight[edge] as number) / mass : 0;
}

export function inputsOf(model: GraphModel, node: number): Uint32Array {
  return model.inputs.edges.subarray(model.inputs.offsets[node], model.inputs.offsets[node + 1]);
}

export function outputsOf(model: GraphModel, node: number): Uint32Array {
  return model.outputs.edges.subarray(model.outputs.offsets[node], model.outputs.offsets[node + 1]);
}
