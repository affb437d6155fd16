/** What changes with the pointer: a node's inputs and outputs, their labels, the pill. */

import { fit, type Rectangle } from '../layout/labels';
import { share } from '../model/graph';
import { percent, place, title, where } from '../model/names';
import type { Content, Decoration } from './content';
import { DASH, strokeOf, traceCurve } from './edges';
import { traceGlyph } from './glyph';
import { fontOf, glyphsTaken, nodePaint, paintText, placeOf, shortened } from './nodes';
import type { Palette } from './palette';
import { type Camera, FRAME, type World } from './world';

const LABELLED = 14;
const MOST_DRAWN = 1500;

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

/** A node with its inputs and outputs, over a drawing that steps back. */
export function paintFocus(
  context: CanvasRenderingContext2D,
  focus: Focus,
  node: number,
  labels: boolean,
): void {
  const links = linksOf(focus.content, node);
  const { content, world, camera } = focus;
  for (let k = links.length - 1; k >= 0; k--) paintLink(context, focus, links[k] as Link);
  for (const { other } of links) paintNode(context, focus, other);
  paintNode(context, focus, node);
  const at = placeOf(content, world, camera, node);
  context.lineWidth = 2;
  context.strokeStyle = focus.palette.accent;
  traceGlyph(context, content.model.kind[node] as number, at.x, at.y, at.radius + 3.5);
  context.stroke();
  if (labels) paintLinkLabels(context, focus, node, links);
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
  const { fill, stroke, opacity } = nodePaint(content, decoration, node, palette);
  traceGlyph(context, content.model.kind[node] as number, at.x, at.y, at.radius);
  context.lineWidth = 1;
  context.fillStyle = palette.page;
  context.fill();
  context.globalAlpha = opacity;
  context.fillStyle = fill;
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = stroke;
  context.stroke();
}

function paintLinkLabels(
  context: CanvasRenderingContext2D,
  { content, world, camera, palette }: Focus,
  node: number,
  links: readonly Link[],
): void {
  const { model } = content;
  const frame = inside(world);
  const taken = glyphsTaken(content, world, camera, frame);
  context.font = fontOf(world);
  context.textBaseline = 'middle';
  const own = placeOf(content, world, camera, node);
  taken.add({ x: own.x - 12, y: own.y - 12, width: 24, height: 24 });
  for (const link of [null, ...links.slice(0, LABELLED)]) {
    const at = placeOf(content, world, camera, link ? link.other : node);
    const text = link ? linkText(content, link) : shortened(title(model, node), 40);
    const width = context.measureText(text).width + 6;
    const spot = fit({ ...at, width, height: world.text + 4 }, frame, taken);
    if (!spot) continue;
    const negative = link && (model.weight[link.edge] as number) < 0;
    const colour = link ? (negative ? palette.negative : palette.positive) : palette.ink;
    paintText(context, text, spot, colour, palette);
  }
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
