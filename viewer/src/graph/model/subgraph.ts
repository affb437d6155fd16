/**
 * The reader's subgraph: pinned nodes and supernodes, with what flows between them.
 *
 * The edge from S to T is the sum of the signed weights of all edges from members of S to members
 * of T, over the sum of all absolute inputs of T's members: a signed share, which for two single
 * nodes is the share of their edge.
 */

import type { ViewState } from './document';
import { BIAS, FEATURE, type GraphModel, inputsOf, TOKEN } from './graph';
import { bandOf } from '../layout/across';
import { place, title } from './names';

export interface Item {
  /** Id of a node or a supernode. */
  id: string;
  label: string;
  /** A second line: where a node is, how many members a supernode has. */
  note: string;
  members: number[];
  grouped: boolean;
  kind: number;
  /** Mean over members: layers count from tokens, -1, to logits, the number of layers. */
  layer: number;
  position: number;
}

export interface Flow {
  source: number;
  target: number;
  /** Signed: -0.1 says that a tenth of the target's inputs is the source's, against it. */
  share: number;
}

export interface Subgraph {
  items: Item[];
  flows: Flow[];
}

export function subgraph(model: GraphModel, state: ViewState): Subgraph {
  const items = itemsOf(model, state);
  const itemOf = new Map<number, number>();
  items.forEach((item, i) => item.members.forEach((node) => itemOf.set(node, i)));
  return { items, flows: items.flatMap((_, i) => flowsInto(model, items, itemOf, i)) };
}

function itemsOf(model: GraphModel, state: ViewState): Item[] {
  const nodesOf = (ids: readonly string[]) =>
    ids.map((id) => model.index.get(id)).filter((node) => node !== undefined);
  const inGroup = new Set(state.supernodes.flatMap((s) => s.members));
  const groups = state.supernodes.map((s) => {
    const members = nodesOf(s.members);
    const note = `${members.length} ${members.length === 1 ? 'node' : 'nodes'}`;
    return { id: s.id, label: s.label, note, members, grouped: true };
  });
  const singles = nodesOf(state.pinned.filter((id) => !inGroup.has(id))).map((node) => ({
    id: model.document.nodes.id[node] as string,
    label: title(model, node),
    note: noteOf(model, node),
    members: [node],
    grouped: false,
  }));
  return [...groups, ...singles]
    .filter((item) => item.members.length)
    .map((item) => ({
      ...item,
      kind: model.kind[item.members[0] as number] ?? BIAS,
      layer: mean(item.members.map((node) => bandOf(model, node))),
      position: mean(item.members.map((node) => model.position[node] as number)),
    }));
}

function noteOf(model: GraphModel, node: number): string {
  const position = model.position[node] as number;
  const at = position < 0 ? '' : ` @ ${position}`;
  return title(model, node) === place(model, node) ? at.trim() : `${place(model, node)}${at}`;
}

function flowsInto(
  model: GraphModel,
  items: readonly Item[],
  itemOf: ReadonlyMap<number, number>,
  target: number,
): Flow[] {
  const sums = new Map<number, number>();
  let mass = 0;
  for (const node of items[target]?.members ?? []) {
    mass += model.mass[node] as number;
    for (const edge of inputsOf(model, node)) {
      const from = itemOf.get(model.source[edge] as number);
      if (from === undefined || from === target) continue;
      sums.set(from, (sums.get(from) ?? 0) + (model.weight[edge] as number));
    }
  }
  if (!(mass > 0)) return [];
  return [...sums].map(([source, weight]) => ({ source, target, share: weight / mass }));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / Math.max(values.length, 1);
}

/** Nodes worth pinning first: the targets, and the features and tokens of most influence. */
export function suggested(model: GraphModel, influence: Float64Array, n: number): number[] {
  const targets = Array.from(model.start.keys()).filter((i) => (model.start[i] as number) > 0);
  const first = targets.sort((a, b) => (model.start[b] as number) - (model.start[a] as number));
  const rest = Array.from(influence.keys())
    .filter((i) => !targets.includes(i) && (influence[i] as number) > 0)
    .filter((i) => model.kind[i] === FEATURE || model.kind[i] === TOKEN)
    .sort((a, b) => (influence[b] as number) - (influence[a] as number));
  return [...first.slice(0, 1), ...rest].slice(0, n);
}
