/** Shapes of nodes, as paths that a canvas and an SVG both draw. */

import { BIAS, DIRECTION, ERROR, FEATURE, LOGIT, TOKEN, UNEXPANDED } from '../model/graph';

/** Corners around the middle, for a node of radius 1; a circle has none. */
const CORNERS: Record<number, readonly (readonly [number, number])[]> = {
  [FEATURE]: [],
  [TOKEN]: [
    [-0.9, -0.9],
    [0.9, -0.9],
    [0.9, 0.9],
    [-0.9, 0.9],
  ],
  [ERROR]: [
    [0, -1.2],
    [1.2, 0],
    [0, 1.2],
    [-1.2, 0],
  ],
  [BIAS]: [
    [0, -1.1],
    [1.1, 0.9],
    [-1.1, 0.9],
  ],
  [UNEXPANDED]: [
    [-0.55, -1.05],
    [0.55, -1.05],
    [1.1, 0],
    [0.55, 1.05],
    [-0.55, 1.05],
    [-1.1, 0],
  ],
  [LOGIT]: [
    [0, -1.3],
    [1.15, -0.35],
    [0.85, 1],
    [-0.85, 1],
    [-1.15, -0.35],
  ],
  [DIRECTION]: [
    [-1.2, -0.9],
    [0.3, -0.9],
    [1.3, 0],
    [0.3, 0.9],
    [-1.2, 0.9],
  ],
};

export function corners(kind: number): readonly (readonly [number, number])[] {
  return CORNERS[kind] ?? [];
}

export function traceGlyph(
  context: CanvasRenderingContext2D,
  kind: number,
  x: number,
  y: number,
  radius: number,
): void {
  const points = corners(kind);
  context.beginPath();
  if (!points.length) {
    context.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  points.forEach(([dx, dy], i) => {
    if (i) context.lineTo(x + dx * radius, y + dy * radius);
    else context.moveTo(x + dx * radius, y + dy * radius);
  });
  context.closePath();
}

/** The same as an element of an SVG. */
export function glyphElement(kind: number, x: number, y: number, r: number, style: string): string {
  const points = corners(kind);
  const short = (value: number) => value.toFixed(2);
  if (!points.length) return `<circle cx="${short(x)}" cy="${short(y)}" r="${short(r)}" ${style}/>`;
  const list = points.map(([dx, dy]) => `${short(x + dx * r)},${short(y + dy * r)}`).join(' ');
  return `<polygon points="${list}" ${style}/>`;
}
