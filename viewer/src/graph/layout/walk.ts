/** Where an arrow key leads from a node: to the next in its band, or the nearest in the next. */

import type { GraphModel } from '../model/graph';
import { bandOf, type Layout } from './across';

export type Direction = 'left' | 'right' | 'up' | 'down';

/** The next node, or the same where there is none that way. `from` -1: the strongest answer. */
export function walk(
  model: GraphModel,
  layout: Layout,
  shown: Uint8Array,
  from: number,
  to: Direction,
): number {
  const bands = new Map<number, number[]>();
  for (let node = 0; node < model.nNodes; node++) {
    if (!shown[node]) continue;
    const band = bandOf(model, node);
    const row = bands.get(band);
    if (row) row.push(node);
    else bands.set(band, [node]);
  }
  const x = (node: number) => layout.x[node] as number;
  const y = (node: number) => layout.y[node] as number;
  const order = [...bands.keys()].sort((a, b) => a - b);
  if (from < 0 || !shown[from]) return strongest(model, bands.get(order.at(-1) ?? -1) ?? []);
  const band = bandOf(model, from);
  if (to === 'left' || to === 'right') {
    const row = (bands.get(band) ?? []).sort((a, b) => x(a) - x(b) || y(b) - y(a) || a - b);
    return row[row.indexOf(from) + (to === 'left' ? -1 : 1)] ?? from;
  }
  const next = order[order.indexOf(band) + (to === 'up' ? 1 : -1)];
  return next === undefined ? from : nearest(bands.get(next) ?? [from], x(from), x);
}

/** Among the highest nodes, those of the largest share in what is explained. */
function strongest(model: GraphModel, nodes: readonly number[]): number {
  const start = (node: number) => model.start[node] as number;
  return nodes.reduce((best, node) => (start(node) > start(best) ? node : best), nodes[0] ?? -1);
}

function nearest(nodes: readonly number[], x: number, at: (node: number) => number): number {
  const distance = (node: number) => Math.abs(at(node) - x);
  return nodes.reduce(
    (best, node) => (distance(node) < distance(best) ? node : best),
    nodes[0] ?? -1,
  );
}
