/** What changes with the pointer: a node's inputs and outputs, their labels, the pill. */

import { fit, type Rectangle, type Wanted } from '../layout/labels';
import { BIAS, DIRECTION, ERROR, LOGIT, share, TOKEN } from '../model/graph';
import { percent, place, title, where } from '../model/names';
import type { Content, Decoration } from './content';
import { DASH, strokeOf, traceCurve } from './edges';
import { traceGlyph } from './glyph';
import { fontOf, glyphsTaken, nodePaint, paintText, placeOf, shortened } from './nodes';
import type { Palette } from './palette';
import type { Placed } from './placed';
import { type Camera, FRAME, type World } from './world';

const LABELLED = 14;
const MOST_DRAWN = 1500;
/** From a glyph to the ring around it, in pixels. */
const RING = 3.5;

export interface Focus {
  content: Content;
  decoration: Decoration;
  world: World;
  camera: Camera;
  palette: Palette;
}

interface Link {
  edge: number;
  other: number;
  share: number;
}

/** A node's kept edges, strongest first. */
function linksOf({ model, rows }: Content, node: number): Link[] {
  const links: Link[] = [];
  const collect = (list: { offsets: Uint32Array; edges: Uint32Array }, end: Uint32Array) => {
    for (let k = list.offsets[node] as number; k < (list.offsets[node + 1] as number); k++) {
      const edge = list.edges[k] as number;
      links.push({ edge, other: end[edge] as number, share: share(model, edge) });
    }
  };
  collect(rows.inputs, model.source);
  collect(rows.outputs, model.target);
  return links.sort((a, b) => b.share - a.share).slice(0, MOST_DRAWN);
}

/** A node with its inputs and outputs, over a drawing that steps back; where the labels are. */
export function paintFocus(
  context: CanvasRenderingContext2D,
  focus: Focus,
  node: number,
): Placed[] {
  const links = paintFan(context, focus, node);
  paintRing(context, focus, node, focus.palette.accent, 2);
  return paintFocusLabels(context, focus, node, links);
}

/**
 * The node under the pointer: with its inputs and outputs, or, where another node is selected,
 * with what joins the two alone, so that the selected one's links stay readable.
 */
export function paintHover(context: CanvasRenderingContext2D, focus: Focus, node: number): void {
  const { selected } = focus.decoration;
  if (selected < 0) paintFan(context, focus, node);
  else {
    for (const link of linksOf(focus.content, node))
      if (link.other === selected) paintLink(context, focus, link);
    paintNode(context, focus, node);
  }
  if (node !== selected) paintRing(context, focus, node, focus.palette.soft, 1.2);
}

function paintFan(context: CanvasRenderingContext2D, focus: Focus, node: number): Link[] {
  const links = linksOf(focus.content, node);
  for (let k = links.length - 1; k >= 0; k--) paintLink(context, focus, links[k] as Link);
  for (const { other } of links) paintNode(context, focus, other);
  paintNode(context, focus, node);
  return links;
}

function paintRing(
  context: CanvasRenderingContext2D,
  { content, world, camera }: Focus,
  node: number,
  colour: string,
  width: number,
): void {
  const at = placeOf(content, world, camera, node);
  context.lineWidth = width;
  context.strokeStyle = colour;
  traceGlyph(context, content.model.kind[node] as number, at.x, at.y, at.radius + RING);
  context.stroke();
}

function paintLink(context: CanvasRenderingContext2D, focus: Focus, link: Link): void {
  const { content, world, camera, palette } = focus;
  const { model } = content;
  const from = placeOf(content, world, camera, model.source[link.edge] as number);
  const to = placeOf(content, world, camera, model.target[link.edge] as number);
  const negative = (model.weight[link.edge] as number) < 0;
  const { width, alpha } = strokeOf(link.share);
  context.strokeStyle = negative ? palette.negative : palette.positive;
  context.globalAlpha = Math.min(alpha + 0.3, 1);
  context.lineWidth = width + 0.5;
  context.setLineDash(negative ? DASH : []);
  context.beginPath();
  context.moveTo(from.x, from.y);
  traceCurve(context, from.x, from.y, to.x, to.y);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function paintNode(context: CanvasRenderingContext2D, focus: Focus, node: number): void {
  const { content, decoration, world, camera, palette } = focus;
  const at = placeOf(content, world, camera, node);
  const { fill, stroke, opacity, dash } = nodePaint(content, decoration, node, palette);
  traceGlyph(context, content.model.kind[node] as number, at.x, at.y, at.radius);
  context.lineWidth = 1;
  context.fillStyle = palette.page;
  context.fill();
  context.globalAlpha = opacity;
  context.fillStyle = fill;
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = stroke;
  context.setLineDash(dash);
  context.stroke();
  context.setLineDash([]);
}

/** The node's own name first, wherever it goes; then its links, the strong ones first; then what
 * stands for itself: answers, errors, bias. */
function paintFocusLabels(
  context: CanvasRenderingContext2D,
  { content, world, camera, palette }: Focus,
  node: number,
  links: readonly Link[],
): Placed[] {
  const { model } = content;
  const frame = inside(world);
  const taken = glyphsTaken(content, world, camera, frame);
  const placed: Placed[] = [];
  context.font = fontOf(world);
  context.textBaseline = 'middle';
  const put = (of: number, text: string, colour: string, always = false) => {
    const at = placeOf(content, world, camera, of);
    const radius = of === node ? at.radius + RING : at.radius;
    const width = context.measureText(text).width + 6;
    const wanted = { ...at, radius, width, height: world.text + 4 };
    const spot = fit(wanted, frame, taken) ?? (always ? above(wanted, frame) : null);
    if (!spot) return;
    taken.add(spot);
    placed.push({ node: of, spot });
    paintText(context, text, spot, colour, palette);
  };
  const own = shortened(title(model, node), 40);
  if (model.kind[node] !== TOKEN) {
    context.font = `600 ${fontOf(world)}`;
    put(node, own, palette.ink, true);
    context.font = fontOf(world);
  }
  for (const link of links.slice(0, LABELLED)) {
    const negative = (model.weight[link.edge] as number) < 0;
    put(link.other, linkText(content, link), negative ? palette.negative : palette.positive);
  }
  const named = new Set([node, ...links.slice(0, LABELLED).map((link) => link.other)]);
  for (const other of standingAlone(content))
    if (!named.has(other)) put(other, shortened(title(model, other)), palette.soft);
  return placed;
}

function standingAlone({ model, shown }: Content): number[] {
  const kinds: number[] = [LOGIT, DIRECTION, BIAS, ERROR];
  const rank = (node: number) => kinds.indexOf(model.kind[node] as number);
  return Array.from(shown.keys())
    .filter((node) => shown[node] && rank(node) >= 0)
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, LABELLED);
}

/** Over the glyph, moved into the frame; other glyphs may lie below it. */
function above({ x, y, radius, width, height }: Wanted, frame: Rectangle): Rectangle {
  const left = Math.min(Math.max(x - width / 2, frame.x), frame.x + frame.width - width);
  const top = Math.min(Math.max(y - radius - height - 2, frame.y), frame.y + frame.height - height);
  return { x: left, y: top, width, height };
}

function linkText({ model }: Content, link: Link): string {
  const sign = (model.weight[link.edge] as number) < 0 ? '−' : '+';
  return `${sign}${percent(link.share)} ${shortened(title(model, link.other), 24)}`;
}

function inside(world: World): Rectangle {
  const { width, height } = world.size;
  return {
    x: FRAME.left - 6,
    y: 2,
    width: width - FRAME.left + 4,
    height: height - FRAME.bottom + 4,
  };
}

/** The name of the node under the pointer, always readable. */
export function paintPill(context: CanvasRenderingContext2D, focus: Focus, node: number): void {
  const { content, world, camera, palette } = focus;
  const { model } = content;
  const at = placeOf(content, world, camera, node);
  const first = shortened(title(model, node), 56);
  const names = [place(model, node), where(model, node)].filter((t) => t && t !== first);
  const influence = model.document.nodes.influence[node] ?? 0;
  if (influence > 0) names.push(`influence ${percent(influence)}`);
  const second = names.join(' · ');
  context.font = `600 ${fontOf(world)}`;
  const wide = context.measureText(first).width;
  context.font = fontOf(world);
  const width = Math.max(wide, context.measureText(second).width) + 20;
  const line = world.text + 4;
  const height = (second ? 2 : 1) * line + 10;
  const x = Math.min(Math.max(at.x - width / 2, 4), world.size.width - width - 4);
  const above = at.y - at.radius - height - 8;
  const y = above > 4 ? above : at.y + at.radius + 10;
  context.fillStyle = palette.pill;
  context.strokeStyle = palette.faint;
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(x, y, width, height, 7);
  context.fill();
  context.stroke();
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  context.fillStyle = palette.ink;
  context.font = `600 ${fontOf(world)}`;
  context.fillText(first, x + 10, y + 5 + line / 2);
  context.font = fontOf(world);
  context.fillStyle = palette.soft;
  if (second) context.fillText(second, x + 10, y + 5 + line * 1.5);
}
