/**
 * A layered drawing of a subgraph (Sugiyama, Tagawa and Toda 1981): ranks from the layers, order
 * within ranks by barycentres so that few edges cross, every item moved towards what it is joined
 * with as far as its neighbours let it.
 */

import { shortened } from '../draw/nodes';
import type { Flow, Item } from '../model/subgraph';
import { textWidth } from './width';

export interface Box {
  /** Of the middle. */
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Pane {
  width: number;
  height: number;
}

/** Two lines in a box, or, where many ranks share a low pane, one. */
const ROOMY = { height: 40, gap: 26 };
const COMPACT = { height: 26, gap: 26 };
const LEAST_WIDTH = 66;
const MOST_WIDTH = 210;
/** Of a box that has a rank nearly to itself. */
const WIDEST = 440;
/** Sizes of letters: of the label, of the note. */
const LETTERS = [12.5, 10.5] as const;
/** Beside the words of a box, and between label and note where they share a line. */
const BESIDE = 18;
const BETWEEN = 8;
const GAP_X = 22;
const TOKEN_ROOM = 150;
/** Between ranks, at most; the least goes with the boxes. */
const MOST_GAP = 100;
const MOST_IN_A_RANK = 7;
const SWEEPS = 8;
const PADDING = 16;
/** Below this scale the drawing scrolls rather than shrinks: letters would be too small. */
export const LEAST_SCALE = 0.82;
const USUAL: Pane = { width: 1000, height: 500 };

/**
 * Places of items, in pixels from the top left.
 *
 * @param places those that a reader chose.
 * @param pane to be filled, in pixels.
 */
export function layered(
  items: readonly Item[],
  flows: readonly Flow[],
  places: Readonly<Record<string, readonly [number, number]>> = {},
  pane: Pane = USUAL,
): Box[] {
  const ranks = ranksOf(items);
  const joined = neighbours(items.length, flows);
  order(ranks, joined, items);
  const roomy = ranks.length * (ROOMY.height + ROOMY.gap) + 2 * PADDING;
  const kind = roomy * LEAST_SCALE > pane.height ? COMPACT : ROOMY;
  const widths = widthsOf(items, ranks, pane, kind === COMPACT);
  const room = roomOf(ranks, widths, pane, kind);
  const isToken = (i: number) => items[i]?.layer === -1;
  const x = spread(ranks, joined, widths, room.width, isToken);
  const boxes = items.map((_, i) => ({
    x: x[i] ?? 0,
    y: 0,
    width: widths[i] ?? LEAST_WIDTH,
    height: kind.height,
  }));
  ranks.forEach((rank, r) => {
    for (const i of rank) {
      const box = boxes[i];
      if (box) box.y = (ranks.length - 1 - r) * (kind.height + room.gap) + kind.height;
    }
  });
  items.forEach((item, i) => {
    const chosen = places[item.id];
    const box = boxes[i];
    if (chosen && box) [box.x, box.y] = chosen;
  });
  return boxes;
}

const LEAST_FRAME = [480, 120] as const;

/** The frame of a drawing with these boxes. */
export function boundsOf(boxes: readonly Box[]) {
  const x = Math.min(...boxes.map((box) => box.x - box.width / 2)) - PADDING;
  const y = Math.min(...boxes.map((box) => box.y - box.height / 2)) - PADDING;
  const right = Math.max(...boxes.map((box) => box.x + box.width / 2)) + PADDING;
  const bottom = Math.max(...boxes.map((box) => box.y + box.height / 2)) + PADDING;
  const [width, height] = [
    Math.max(right - x, LEAST_FRAME[0]),
    Math.max(bottom - y, LEAST_FRAME[1]),
  ];
  return { x: (x + right - width) / 2, y: (y + bottom - height) / 2, width, height };
}

/** Whether label and note share a line. */
export function isCompact(box: Box): boolean {
  return box.height < ROOMY.height;
}

/** As wide as the label needs, if the other items of its rank leave it the room. */
function widthsOf(
  items: readonly Item[],
  ranks: readonly number[][],
  pane: Pane,
  compact: boolean,
): number[] {
  const widths = items.map(() => LEAST_WIDTH);
  for (const rank of ranks) {
    const share = pane.width / LEAST_SCALE / rank.length - GAP_X - PADDING;
    const most = Math.min(Math.max(share, MOST_WIDTH), WIDEST);
    for (const i of rank) {
      const { label = '', note = '' } = items[i] ?? {};
      const [name, beside] = [textWidth(label, LETTERS[0]), textWidth(note, LETTERS[1])];
      const words = compact && note ? name + BETWEEN + beside : Math.max(name, beside);
      widths[i] = Math.min(Math.max(words + BESIDE, LEAST_WIDTH), most);
    }
  }
  return widths;
}

interface Words {
  label: string;
  note: string;
}

/** What of a label and a note fits into their box. */
export function wordsIn(box: Box, { label, note }: Words): Words {
  const room = box.width - BESIDE + 4;
  if (!isCompact(box))
    return { label: cutTo(label, room, LETTERS[0]), note: cutTo(note, room, LETTERS[1]) };
  const both = textWidth(label, LETTERS[0]) + BETWEEN + textWidth(note, LETTERS[1]);
  // a name says more than where it is
  return both > room ? { label: cutTo(label, room, LETTERS[0]), note: '' } : { label, note };
}

function cutTo(text: string, room: number, size: number): string {
  let longest = text.length;
  while (longest > 2 && textWidth(shortened(text, longest), size) > room) longest--;
  return shortened(text, longest);
}

/** Wide enough for the widest rank; ranks as far apart as fills the pane, and as wide. */
function roomOf(
  ranks: readonly number[][],
  widths: readonly number[],
  pane: Pane,
  kind: typeof ROOMY,
) {
  const rankWidth = (rank: number[]) => rank.reduce((sum, i) => sum + (widths[i] ?? 0) + GAP_X, 0);
  const least = Math.max(...ranks.map(rankWidth), 2 * MOST_WIDTH);
  const n = Math.max(ranks.length, 1);
  const wanted = (pane.height - 2 * PADDING) / n - kind.height;
  const gap = Math.min(Math.max(wanted, kind.gap), MOST_GAP);
  const height = n * (kind.height + gap) + 2 * PADDING;
  const scale = Math.max(Math.min(pane.height / height, 1), LEAST_SCALE);
  return { gap, width: Math.max(least, (0.9 * pane.width) / scale - 2 * PADDING) };
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

/**
 * x of every item: towards its barycentre, in the rank's order, never closer than a gap. Tokens
 * stay spread out: most edges end there, and their shares need room.
 */
function spread(
  ranks: readonly number[][],
  joined: Joined,
  widths: readonly number[],
  room: number,
  isToken: (item: number) => boolean,
): number[] {
  const half = (i: number) => ((widths[i] ?? 0) + GAP_X) / 2;
  const place = new Map<number, number>();
  for (const rank of ranks) {
    const used = rank.some(isToken) ? Math.min(room, rank.length * TOKEN_ROOM) : room;
    const left = (room - used) / 2;
    rank.forEach((i, k) => place.set(i, left + (used * (k + 0.5)) / rank.length));
    spaced(rank, (i) => place.get(i) ?? 0, half, room).forEach((x, k) =>
      place.set(rank[k] as number, x),
    );
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const rank of ranks) {
      if (rank.some(isToken)) continue;
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
