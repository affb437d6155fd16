/** Where two graphs differ: nodes that only one has, edges whose share changed. */

import { share } from '../model/graph';
import type { Side } from './align';

export interface EdgeChange {
  source: string;
  target: string;
  /** Signed shares; 0 where a graph has no such edge. */
  left: number;
  right: number;
  edges: [number, number];
}

export interface Difference {
  /** Nodes that are shown on one side only. */
  only: [Set<number>, Set<number>];
  changes: EdgeChange[];
}

const LEAST = 0.005;

/** Changes of edges between nodes that both sides show, largest first. */
export function difference(sides: readonly [Side, Side]): Difference {
  const [left, right] = sides;
  const index = [shownKeys(left), shownKeys(right)] as const;
  const only = [lacking(left, index[1]), lacking(right, index[0])] as [Set<number>, Set<number>];
  const changes = new Map<string, EdgeChange>();
  sides.forEach((side, i) => {
    const other = index[1 - i] as Map<string, number>;
    for (let edge = 0; edge < side.model.nEdges; edge++) {
      const from = side.model.source[edge] as number;
      const to = side.model.target[edge] as number;
      if (!side.shown[from] || !side.shown[to]) continue;
      const [source, target] = [side.keys[from] as string, side.keys[to] as string];
      if (!other.has(source) || !other.has(target)) continue;
      const key = `${source}\n${target}`;
      const change = changes.get(key) ?? { source, target, left: 0, right: 0, edges: [-1, -1] };
      changes.set(key, change);
      const sign = (side.model.weight[edge] as number) < 0 ? -1 : 1;
      change[i ? 'right' : 'left'] = sign * share(side.model, edge);
      change.edges[i] = edge;
    }
  });
  const size = (change: EdgeChange) => Math.abs(change.right - change.left);
  const kept = [...changes.values()].filter((change) => size(change) >= LEAST);
  return { only, changes: kept.sort((a, b) => size(b) - size(a)) };
}

export function shownKeys({ model, shown, keys }: Side): Map<string, number> {
  const index = new Map<string, number>();
  for (let node = 0; node < model.nNodes; node++)
    if (shown[node]) index.set(keys[node] as string, node);
  return index;
}

function lacking(side: Side, other: ReadonlyMap<string, number>): Set<number> {
  const found = new Set<number>();
  side.keys.forEach((key, node) => {
    if (side.shown[node] && !other.has(key)) found.add(node);
  });
  return found;
}
