/** Edges of the subgraph as curves, and where their shares are written. */

import { percent } from '../model/names';
import type { Flow, Subgraph } from '../model/subgraph';
import { type Rectangle, Taken } from './labels';
import type { Box } from './layered';

export interface DrawnFlow extends Flow {
  path: string;
  width: number;
  opacity: number;
}

export interface FlowLabel {
  flow: Flow;
  text: string;
  /** Of the middle. */
  x: number;
  y: number;
}

type Point = readonly [number, number];

const CHARACTER = 7;
const LINE = 14;
const AROUND = 5;
/** Along the curve: the middle first. */
const SPOTS = [0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78];

/** Flows of at least a share, the strong ones last, and so above. */
export function drawnFlows(made: Subgraph, boxes: readonly Box[], least: number): DrawnFlow[] {
  return made.flows
    .filter((flow) => Math.abs(flow.share) >= Math.max(least, 1e-6))
    .sort((a, b) => Math.abs(a.share) - Math.abs(b.share))
    .flatMap((flow) => {
      const curve = curveOf(flow, boxes);
      if (!curve) return [];
      const [a, b, c, d] = curve.map(([x, y]) => `${x} ${y}`);
      const size = Math.abs(flow.share);
      return {
        ...flow,
        path: `M${a}C${b} ${c} ${d}`,
        width: 1 + 9 * Math.min(size, 1),
        opacity: Math.min(0.35 + 1.3 * size, 0.95),
      };
    });
}

/** Shares on their curves, the large ones first, none over a box or over another. */
export function flowLabels(flows: readonly DrawnFlow[], boxes: readonly Box[]): FlowLabel[] {
  const taken = new Taken();
  for (const { x, y, width, height } of boxes)
    taken.add({ x: x - width / 2, y: y - height / 2, width, height });
  return [...flows].reverse().flatMap((flow) => {
    const curve = curveOf(flow, boxes);
    const text = textOf(flow);
    const spot = curve && freeSpot(curve, text.length * CHARACTER, taken);
    return spot ? { flow, text, x: spot[0], y: spot[1] } : [];
  });
}

export function textOf({ share }: Flow): string {
  return `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`;
}

function freeSpot(curve: readonly Point[], width: number, taken: Taken): Point | null {
  for (const t of SPOTS) {
    const [x, y] = pointOn(curve, t);
    const around: Rectangle = {
      x: x - width / 2 - AROUND,
      y: y - LINE / 2,
      width: width + 2 * AROUND,
      height: LINE,
    };
    if (taken.hits(around)) continue;
    taken.add(around);
    return [x, y];
  }
  return null;
}

/** Four points of a cubic curve, which leaves and arrives upright. */
function curveOf(flow: Flow, boxes: readonly Box[]): Point[] | null {
  const [from, to] = [boxes[flow.source], boxes[flow.target]];
  if (!from || !to) return null;
  const upwards = from.y > to.y;
  const y0 = from.y + (upwards ? -from.height : from.height) / 2;
  const y1 = to.y + (upwards ? to.height : -to.height) / 2;
  const bend = (y1 - y0) * 0.45;
  return [
    [from.x, y0],
    [from.x, y0 + bend],
    [to.x, y1 - bend],
    [to.x, y1],
  ];
}

function pointOn(curve: readonly Point[], t: number): Point {
  const parts = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t ** 2 * (1 - t), t ** 3];
  const along = (axis: 0 | 1) =>
    parts.reduce((sum, part, k) => sum + part * (curve[k]?.[axis] ?? 0), 0);
  return [along(0), along(1)];
}
