/**
 * A layered drawing of a subgraph (Sugiyama, Tagawa and Toda 1981): ranks from the layers, order
 * within ranks by barycentres so that few edges cross, every item moved towards what it is joined
 * with as far as its neighbours let it.
 */

import type { Flow, Item } from '../model/subgraph';

export interface Box {
  /** Of the middle. */
  x: number;
  y: number;
  width: number;
  height: number;
}

export const BOX_WIDTH = 148;
export const BOX_HEIGHT = 44;
const GAP_X = 28;
const GAP_Y = 70;
const MOST_IN_A_RANK = 7;
const SWEEPS = 8;

/** Places of items, in pixels from the top left; `places` are those that a reader chose. */
export function layered(
  items: readonly Item[],
  flows: readonly Flow[],
  places: Readonly<Record<string, readonly [number, number]>> = {},
): Box[] {
  const ranks = ranksOf(items);
  const joined = neighbours(items.length, flows);
  order(ranks, joined, items);
  const x = spread(ranks, joined, items.length);
  const boxes = items.map(() => ({ x: 0, y: 0, width: BOX_WIDTH, height: BOX_HEIGHT }));
  ranks.forEach((rank, r) => {
    for (const i of rank) {
      const box = boxes[i];
      if (!box) continue;
      box.x = x[i] ?? 0;
      box.y = (ranks.length - 1 - r) * (BOX_HEIGHT + GAP_Y) + BOX_HEIGHT;
    }
  });
  items.forEach((item, i) => {
    const chosen = places[item.id];
    const box = boxes[i];
    if (chosen && box) [box.x, box.y] = chosen;
  });
  return boxes;
}

/** Items of one layer share a rank; a full rank is parted. Lowest layer first. */
function ranksOf(items: readonly Item[]): number[][] {
  const byLayer = new Map<number, number[]>();
  items.forEach((item, i) => {
    const layer = Math.round(item.layer);
    byLayer.set(layer, [...(byLayer.get(layer) ?? []), i]);
  });
  return [...byLayer.keys()]
    .sort((a, b) => a - b)
    .flatMap((layer) => parted(byLayer.get(layer) ?? [], items));
}

function parted(rank: number[], items: readonly Item[]): number[][] {
  rank.sort((a, b) => (items[a]?.position ?? 0) - (items[b]?.position ?? 0) || a - b);
  const nParts = Math.ceil(rank.length / MOST_IN_A_RANK);
  // every n-th, so that each part keeps the spread of positions
  return Array.from({ length: nParts }, (_, part) => rank.filter((_, i) => i % nParts === part));
}

type Joined = Map<number, number>[];

function neighbours(n: number, flows: readonly Flow[]): Joined {
  const joined: Joined = Array.from({ length: n }, () => new Map<number, number>());
  for (const { source, target, share } of flows) {
    joined[source]?.set(target, Math.abs(share));
    joined[target]?.set(source, Math.abs(share));
  }
  return joined;
}

function order(ranks: number[][], joined: Joined, items: readonly Item[]): void {
  const place = new Map<number, number>();
  const number = (rank: number[]) =>
    rank.forEach((i, k) => place.set(i, (k + 0.5) / Math.max(rank.length, 1)));
  ranks.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const turn = sweep % 2 ? [...ranks].reverse() : ranks;
    for (const rank of turn) {
      if (rank.some((i) => items[i]?.layer === -1)) continue; // tokens stay in reading order
      const centre = new Map(rank.map((i) => [i, barycentre(joined[i], place) ?? place.get(i)]));
      rank.sort((a, b) => (centre.get(a) ?? 0) - (centre.get(b) ?? 0) || a - b);
      number(rank);
    }
  }
}

function barycentre(
  joined: Map<number, number> | undefined,
  place: Map<number, number>,
): number | undefined {
  let sum = 0;
  let total = 0;
  for (const [other, weight] of joined ?? []) {
    sum += weight * (place.get(other) ?? 0);
    total += weight;
  }
  return total > 0 ? sum / total : undefined;
}

/** x of every item: towards its barycentre, in the rank's order, never closer than a gap. */
function spread(ranks: readonly number[][], joined: Joined, n: number): number[] {
  const step = BOX_WIDTH + GAP_X;
  const widest = Math.max(...ranks.map((rank) => rank.length), 1) * step;
  const place = new Map<number, number>();
  for (const rank of ranks) {
    rank.forEach((i, k) => place.set(i, widest / 2 + (k - (rank.length - 1) / 2) * step));
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const rank of ranks) {
      const wanted = rank.map((i) => barycentre(joined[i], place) ?? place.get(i) ?? 0);
      spaced(wanted, step, step / 2, widest - step / 2).forEach((x, k) =>
        place.set(rank[k] as number, x),
      );
    }
  }
  return Array.from({ length: n }, (_, i) => place.get(i) ?? 0);
}

/** Values as near to the wanted ones as an order and a least distance allow, within bounds. */
function spaced(wanted: readonly number[], step: number, low: number, high: number): number[] {
  const n = wanted.length;
  const right: number[] = [];
  const left: number[] = [];
  for (let k = 0; k < n; k++)
    right[k] = Math.max(wanted[k] ?? 0, k ? (right[k - 1] ?? 0) + step : low);
  for (let k = n - 1; k >= 0; k--)
    left[k] = Math.min(wanted[k] ?? 0, k < n - 1 ? (left[k + 1] ?? 0) - step : high);
  const middle = right.map((r, k) => (r + (left[k] ?? 0)) / 2);
  for (let k = 0; k < n; k++) {
    const least = k ? (middle[k - 1] ?? 0) + step : low;
    const most = high - (n - 1 - k) * step;
    middle[k] = Math.min(Math.max(middle[k] ?? 0, least), most);
  }
  return middle;
}
