/** Nodes, their labels, and the names of positions and layers at the edges of the pane. */

import { LOGIT, TOKEN } from '../model/graph';
import { title, visible } from '../model/names';
import { fit, type Rectangle, Taken } from '../layout/labels';
import type { Content, Decoration } from './content';
import { traceGlyph } from './glyph';
import { type Paint, type Palette, paintOf } from './palette';
import type { Placed } from './placed';
import { type Camera, FRAME, radiusAt, type Size, type World } from './world';

const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
/** Characters of a label: all of it where there is room, or else cut. */
export const LENGTHS = [48, 26];
const LONGEST = 26;
const MOST_LABELS = 160;
const LINE = 14;
const DOT = 2.6;

export function fontOf({ text }: World): string {
  return `${text}px ${FAMILY}`;
}

export interface Place {
  x: number;
  y: number;
  radius: number;
}

export function placeOf(content: Content, world: World, camera: Camera, node: number): Place {
  return {
    x: (world.x[node] as number) * camera.zoom + camera.x,
    y: (world.y[node] as number) * camera.zoom + camera.y,
    radius: radiusAt(world, camera.zoom) * (0.7 + 0.5 * (content.importance[node] as number)),
  };
}

/** Of the outline of what not every prompt of a merged graph has. */
export const PARTIAL_DASH = [2.4, 2];

interface NodePaint extends Paint {
  opacity: number;
  /** Of the outline. */
  dash: number[];
}

export function nodePaint(
  { model }: Content,
  { effect, partial }: Decoration,
  node: number,
  palette: Palette,
): NodePaint {
  const plain = paintOf(palette, model.kind[node] as number);
  const hollow = partial.has(node);
  const dash = hollow ? PARTIAL_DASH : [];
  if (!effect) return { ...plain, ...(hollow && { fill: palette.page }), opacity: 1, dash };
  const value = effect[node] as number;
  if (value === 0) return { fill: palette.page, stroke: palette.line, opacity: 1, dash };
  const colour = value < 0 ? palette.negative : palette.positive;
  const opacity = 0.15 + 0.85 * Math.sqrt(Math.abs(value));
  return { fill: colour, stroke: colour, opacity, dash };
}

export function paintNodes(
  context: CanvasRenderingContext2D,
  content: Content,
  decoration: Decoration,
  world: World,
  camera: Camera,
  palette: Palette,
  frame: Size,
): void {
  const { model, shown } = content;
  context.lineWidth = 1;
  for (let node = 0; node < model.nNodes; node++) {
    if (!shown[node]) continue;
    const at = placeOf(content, world, camera, node);
    if (at.x < -9 || at.y < -9 || at.x > frame.width + 9 || at.y > frame.height + 9) continue;
    const { fill, stroke, opacity, dash } = nodePaint(content, decoration, node, palette);
    traceGlyph(context, model.kind[node] as number, at.x, at.y, at.radius);
    if (at.radius < DOT) {
      context.fillStyle = stroke; // too small for an outline, and there may be thousands
      context.globalAlpha = dash.length ? 0.45 * opacity : opacity;
      context.fill();
      context.globalAlpha = 1;
    } else {
      context.fillStyle = palette.page;
      if (opacity < 1) context.fill();
      context.globalAlpha = opacity;
      context.fillStyle = fill;
      context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = stroke;
      context.setLineDash(dash);
      context.stroke();
      context.setLineDash([]);
    }
    paintRings(context, decoration, node, at, palette, model.kind[node] as number);
  }
}

function paintRings(
  context: CanvasRenderingContext2D,
  { marked, pinned, groups, unmatched }: Decoration,
  node: number,
  at: Place,
  palette: Palette,
  kind: number,
): void {
  const ring = (colour: string, radius: number, width: number, dash: number[] = []) => {
    context.setLineDash(dash);
    context.lineWidth = width;
    context.strokeStyle = colour;
    traceGlyph(context, kind, at.x, at.y, radius);
    context.stroke();
    context.setLineDash([]);
    context.lineWidth = 1;
  };
  // on the outline: nodes of a row stand close, and rings around them would touch
  if (unmatched.has(node)) ring(palette.mark, at.radius, 2.2);
  if (pinned.has(node)) ring(palette.ink, at.radius + 2, groups.has(node) ? 2.4 : 1.2);
  if (marked.has(node)) ring(palette.accent, at.radius + 4.5, 1.6, [3, 2]);
}

/** Labels by importance, as many as fit; those of pinned nodes and targets first. Where they are. */
export function paintLabels(
  context: CanvasRenderingContext2D,
  content: Content,
  decoration: Decoration,
  world: World,
  camera: Camera,
  palette: Palette,
  frame: Rectangle,
): Placed[] {
  const placed: Placed[] = [];
  const taken = glyphsTaken(content, world, camera, frame);
  context.font = fontOf(world);
  context.textBaseline = 'middle';
  for (const node of labelOrder(content, decoration)) {
    const at = placeOf(content, world, camera, node);
    const strong = decoration.pinned.has(node) || content.model.kind[node] === LOGIT;
    const whole = labelOf(content, decoration, node);
    for (const text of new Set(LENGTHS.map((length) => shortened(whole, length)))) {
      const width = context.measureText(text).width + 6;
      const spot = fit({ ...at, width, height: world.text + 4 }, frame, taken);
      if (!spot) continue;
      paintText(context, text, spot, strong ? palette.ink : palette.soft, palette);
      placed.push({ node, spot });
      break;
    }
  }
  return placed;
}

/** Glyphs are obstacles as long as they are few; among thousands nothing would be labelled. */
export function glyphsTaken(
  content: Content,
  world: World,
  camera: Camera,
  frame: Rectangle,
): Taken {
  const taken = new Taken();
  const inside: Place[] = [];
  for (let node = 0; node < content.model.nNodes && inside.length <= 600; node++) {
    if (!content.shown[node]) continue;
    const at = placeOf(content, world, camera, node);
    const inX = at.x > frame.x && at.x < frame.x + frame.width;
    if (inX && at.y > frame.y && at.y < frame.y + frame.height) inside.push(at);
  }
  if (inside.length > 600) return taken;
  for (const { x, y, radius: r } of inside)
    taken.add({ x: x - r, y: y - r, width: 2 * r, height: 2 * r });
  return taken;
}

function labelOrder({ model, shown, importance }: Content, { pinned }: Decoration): number[] {
  const rank = (node: number) =>
    (pinned.has(node) ? 2 : 0) +
    (model.kind[node] === LOGIT ? 3 : 0) +
    (importance[node] as number);
  return Array.from(shown.keys())
    .filter((node) => shown[node] && model.kind[node] !== TOKEN)
    .filter((node) => rank(node) >= 2 || (importance[node] as number) > 0.02)
    .sort((a, b) => rank(b) - rank(a) || a - b)
    .slice(0, MOST_LABELS);
}

/** Its name, behind that of its supernode, which often is called by one of its members. */
export function labelOf({ model }: Content, { groups }: Decoration, node: number): string {
  const group = groups.get(node);
  const own = title(model, node);
  return group && group !== own ? `${group} · ${own}` : own;
}

export function shortened(text: string, longest = LONGEST): string {
  if (text.length <= longest) return text;
  const cut = text.slice(0, longest - 1);
  const comma = cut.lastIndexOf(', ');
  return `${(comma > 0.75 * longest ? cut.slice(0, comma) : cut).replace(/[\s,…]+$/, '')}…`;
}

export function paintText(
  context: CanvasRenderingContext2D,
  text: string,
  spot: Rectangle,
  colour: string,
  palette: Palette,
): void {
  context.lineJoin = 'round';
  context.lineWidth = 4;
  context.strokeStyle = palette.page;
  context.strokeText(text, spot.x + 3, spot.y + spot.height / 2);
  context.fillStyle = colour;
  context.fillText(text, spot.x + 3, spot.y + spot.height / 2);
  context.lineWidth = 1;
}

/** Tokens along the lower edge and layers along the left one; they stay while the graph moves. */
export function paintAxes(
  context: CanvasRenderingContext2D,
  { model }: Content,
  world: World,
  camera: Camera,
  palette: Palette,
): void {
  const { width, height } = world.size;
  const bottom = height - FRAME.bottom + 6;
  context.font = fontOf(world);
  context.textBaseline = 'middle';
  context.fillStyle = palette.page;
  context.globalAlpha = 0.88;
  context.fillRect(0, bottom, width, height - bottom);
  context.fillRect(0, 0, FRAME.left - 8, height);
  context.globalAlpha = 1;
  context.textAlign = 'center';
  for (const { key, start, size } of world.columns) {
    const middle = (start + size / 2) * camera.zoom + camera.x;
    const room = size * camera.zoom;
    if (middle < FRAME.left || middle > width || room < 12) continue;
    const text = key < 0 ? '' : visible((model.document.strings[key] ?? '').trimStart());
    context.fillStyle = palette.ink;
    context.fillText(within(context, text, room - 4), middle, (bottom + height) / 2 + 1);
  }
  context.textAlign = 'right';
  let last = Infinity;
  for (const { key, start, size } of world.bands) {
    const middle = (start + size / 2) * camera.zoom + camera.y;
    if (middle < 6 || middle > bottom - 4 || last - middle < LINE) continue;
    last = middle;
    context.fillStyle = palette.soft;
    context.fillText(bandName(key, model.document.n_layers), FRAME.left - 12, middle);
  }
  context.textAlign = 'left';
}

function bandName(layer: number, nLayers: number): string {
  if (layer < 0) return 'token';
  return layer === nLayers ? 'out' : `L${layer}`;
}

function within(context: CanvasRenderingContext2D, text: string, room: number): string {
  if (context.measureText(text).width <= room) return text;
  let short = text;
  while (short && context.measureText(`${short}…`).width > room) short = short.slice(0, -1);
  return short ? `${short}…` : '';
}
