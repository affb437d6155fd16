/** Edges: colour and dash by sign, width and opacity by share, weak ones first. */

import { type GraphModel, share } from '../model/graph';
import type { Palette } from './palette';
import type { Camera, World } from './world';

const LEVELS = 12;
/** Above so many, edges are straight, undashed, and the weak ones drawn together. */
const MANY = 4000;
const TOGETHER = 160;

export interface EdgeList {
  /** Edges of the model, weakest first. */
  edges: Uint32Array;
  level: Uint8Array;
}

/** Edges in the order in which they are drawn. */
export function edgeList(model: GraphModel, edges: Uint32Array): EdgeList {
  const counts = new Uint32Array(LEVELS + 1);
  const levels = new Uint8Array(edges.length);
  for (let k = 0; k < edges.length; k++) {
    const level = levelOf(share(model, edges[k] as number));
    levels[k] = level;
    counts[level + 1] = (counts[level + 1] as number) + 1;
  }
  for (let l = 0; l < LEVELS; l++)
    counts[l + 1] = (counts[l + 1] as number) + (counts[l] as number);
  const out = { edges: new Uint32Array(edges.length), level: new Uint8Array(edges.length) };
  for (let k = 0; k < edges.length; k++) {
    const level = levels[k] as number;
    const place = counts[level] as number;
    counts[level] = place + 1;
    out.edges[place] = edges[k] as number;
    out.level[place] = level;
  }
  return out;
}

function levelOf(part: number): number {
  return Math.min(Math.floor(Math.sqrt(part) * LEVELS), LEVELS - 1);
}

/** Width in pixels and opacity of an edge by its share. */
export function strokeOf(part: number, nEdges = 1): { width: number; alpha: number } {
  const { width, alpha } = strokeAt(levelOf(part));
  return { width, alpha: Math.max(alpha * quietness(nEdges), LEAST_ALPHA) };
}

function strokeAt(level: number): { width: number; alpha: number } {
  return { width: 0.7 + 0.42 * level, alpha: Math.min(0.16 + 0.075 * level, 0.95) };
}

/** Many edges are drawn paler, so that the strong ones can still be followed. */
function quietness(nEdges: number): number {
  return Math.min(Math.max(Math.sqrt(300 / Math.max(nEdges, 1)), 0.35), 1);
}

const LEAST_ALPHA = 0.09;
const HAIR = 1.6;
export const DASH = [5, 3];

/**
 * Draw edges `from` to `to` of a list; what lies outside the frame is left out.
 *
 * @param frame the drawing's edges, in the pixels of the context.
 */
export function paintEdges(
  context: CanvasRenderingContext2D,
  model: GraphModel,
  world: World,
  camera: Camera,
  list: EdgeList,
  from: number,
  to: number,
  palette: Palette,
  frame: { width: number; height: number },
): void {
  const many = list.edges.length > MANY;
  const { source, target, weight } = model;
  const { x, y } = world;
  const { zoom } = camera;
  let style = -1;
  let pending = 0;
  const dim = quietness(list.edges.length);
  for (let k = from; k < to; k++) {
    const edge = list.edges[k] as number;
    const a = source[edge] as number;
    const b = target[edge] as number;
    const x0 = (x[a] as number) * zoom + camera.x;
    const x1 = (x[b] as number) * zoom + camera.x;
    const y0 = (y[a] as number) * zoom + camera.y;
    const y1 = (y[b] as number) * zoom + camera.y;
    if ((x0 < 0 && x1 < 0) || (x0 > frame.width && x1 > frame.width)) continue;
    if ((y0 < 0 && y1 < 0) || (y0 > frame.height && y1 > frame.height)) continue;
    const level = list.level[k] as number;
    const negative = (weight[edge] as number) < 0;
    const next = 2 * level + (negative ? 1 : 0);
    if (next !== style) {
      if (pending) context.stroke();
      pending = 0;
      style = next;
      const { width, alpha } = strokeAt(level);
      context.strokeStyle = negative ? palette.negative : palette.positive;
      context.globalAlpha = Math.max(alpha * dim, LEAST_ALPHA);
      // lines of one pixel or less are drawn several times as fast
      context.lineWidth = many ? Math.max(width - HAIR, 1) : width;
      context.setLineDash(negative && !many ? DASH : []);
    }
    if (!pending) context.beginPath();
    context.moveTo(x0, y0);
    if (many) context.lineTo(x1, y1);
    else traceCurve(context, x0, y0, x1, y1);
    pending++;
    if (!many || pending >= TOGETHER) {
      context.stroke();
      pending = 0;
    }
  }
  if (pending) context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

/** From below upwards, leaving and arriving upright. */
export function traceCurve(
  context: CanvasRenderingContext2D,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
): void {
  const middle = (y0 + y1) / 2;
  context.bezierCurveTo(x0, middle, x1, middle, x1, y1);
}

export function curvePath(x0: number, y0: number, x1: number, y1: number): string {
  const n = (value: number) => value.toFixed(1);
  const middle = n((y0 + y1) / 2);
  return `M${n(x0)} ${n(y0)}C${n(x0)} ${middle} ${n(x1)} ${middle} ${n(x1)} ${n(y1)}`;
}
