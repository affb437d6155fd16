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

const BOX_HEIGHT = 40;
const LEAST_WIDTH = 66;
const MOST_WIDTH = 210;
const CHARACTER = 7.1;
const GAP_X = 22;
/** Between ranks: as the pane's shape has it, within reason. */
const GAP_Y = { least: 26, most: 100 };
const MOST_IN_A_RANK = 7;
const SWEEPS = 8;

/**
 * Places of items, in pixels from the top left.
 *
 * @param places those that a reader chose.
 * @param aspect width over height of the pane that is to be filled.
 */
export function layered(
  items: readonly Item[],
  flows: readonly Flow[],
  places: Readonly<Record<string, readonly [number, number]>> = {},
  aspect = 2,
): Box[] {
  const ranks = ranksOf(items);
  const joined = neighbours(items.length, flows);
  order(ranks, joined, items);
  const widths = items.map(widthOf);
  const room = roomOf(ranks, widths, aspect);
  const x = spread(ranks, joined, widths, room.width);
  const boxes = items.map((_, i) => ({
    x: x[i] ?? 0,
    y: 0,
    width: widths[i] ?? LEAST_WIDTH,
    height: BOX_HEIGHT,
  }));
  ranks.forEach((rank, r) => {
    for (const i of rank) {
      const box = boxes[i];
      if (box) box.y = (ranks.length - 1 - r) * (BOX_HEIGHT + room.gap) + BOX_HEIGHT;
    }
  });
  items.forEach((item, i) => {
    const chosen = places[item.id];
    const box = boxes[i];
    if (chosen && box) [box.x, box.y] = chosen;
  });
  return boxes;
}

function widthOf({ label, note }: Item): number {
  const characters = Math.max(label.length, 0.85 * note.length);
  return Math.min(Math.max(characters * CHARACTER + 18, LEAST_WIDTH), MOST_WIDTH);
}

/** How many characters of a label fit into its box. */
export function charactersIn(box: Box): number {
  return Math.floor((box.width - 14) / CHARACTER);
}

/** Wide enough for the widest rank; ranks as far apart, or all wider, as fills the pane's shape. */
function roomOf(ranks: readonly number[][], widths: readonly number[], aspect: number) {
  const rankWidth = (rank: number[]) => rank.reduce((sum, i) => sum + (widths[i] ?? 0) + GAP_X, 0);
  const least = Math.max(...ranks.map(rankWidth), 2 * MOST_WIDTH);
  const wanted = least / aspect / Math.max(ranks.length, 1) - BOX_HEIGHT;
  const gap = Math.min(Math.max(wanted, GAP_Y.least), GAP_Y.most);
  return { gap, width: Math.max(least, ranks.length * (BOX_HEIGHT + gap) * aspect * 0.8) };
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
function spread(
  ranks: readonly number[][],
  joined: Joined,
  widths: readonly number[],
  room: number,
): number[] {
  const half = (i: number) => ((widths[i] ?? 0) + GAP_X) / 2;
  const place = new Map<number, number>();
  for (const rank of ranks) {
    rank.forEach((i, k) => place.set(i, (room * (k + 0.5)) / rank.length));
    spaced(rank, (i) => place.get(i) ?? 0, half, room).forEach((x, k) =>
      place.set(rank[k] as number, x),
    );
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const rank of ranks) {
      const wanted = (i: number) => {
        const now = place.get(i) ?? 0;
        // half-way: items of one rank that want the same place would otherwise crowd there
        return (now + (barycentre(joined[i], place) ?? now)) / 2;
      };
      spaced(rank, wanted, half, room).forEach((x, k) => place.set(rank[k] as number, x));
    }
  }
  return widths.map((_, i) => place.get(i) ?? 0);
}

/** Places as near to the wanted ones as an order and the items' widths allow, within the room. */
function spaced(
  rank: readonly number[],
  wanted: (i: number) => number,
  half: (i: number) => number,
  room: number,
): number[] {
  const n = rank.length;
  const halves = rank.map(half);
  const step = (k: number) => (halves[k - 1] ?? 0) + (halves[k] ?? 0);
  const right: number[] = [];
  const left: number[] = [];
  for (let k = 0; k < n; k++) {
    const least = k ? (right[k - 1] ?? 0) + step(k) : (halves[0] ?? 0);
    right[k] = Math.max(wanted(rank[k] as number), least);
  }
  for (let k = n - 1; k >= 0; k--) {
    const most = k < n - 1 ? (left[k + 1] ?? 0) - step(k + 1) : room - (halves[k] ?? 0);
    left[k] = Math.min(wanted(rank[k] as number), most);
  }
  const middle = right.map((r, k) => (r + (left[k] ?? 0)) / 2);
  for (let k = 1; k < n; k++) middle[k] = Math.max(middle[k] ?? 0, (middle[k - 1] ?? 0) + step(k));
  return middle;
}
