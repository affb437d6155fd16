/** The graph as elements of an SVG, as it is seen: the camera, the colours, the selection. */

import { curvePath, DASH, edgeList, strokeOf } from '../draw/edges';
import type { Content, Decoration } from '../draw/content';
import { glyphElement } from '../draw/glyph';
import { labelOf, LENGTHS, nodePaint, placeOf, shortened } from '../draw/nodes';
import type { Palette } from '../draw/palette';
import { type Camera, FRAME, type World } from '../draw/world';
import { fit, Taken } from '../layout/labels';
import { inputsOf, LOGIT, outputsOf, share, TOKEN } from '../model/graph';
import { visible } from '../model/names';
import { dashed, textElement } from './text';

export interface Picture {
  content: Content;
  decoration: Decoration;
  world: World;
  camera: Camera;
  palette: Palette;
}

const CHARACTER = 6.7;

/** What the pane shows, without the frame around it: `width` by `height` of the world's size. */
export function graphElements(picture: Picture): string {
  return [
    `<g fill="none" stroke-linecap="round">${edgesOf(picture)}</g>`,
    `<g>${nodesOf(picture)}</g>`,
    `<g>${labelsOf(picture)}</g>`,
    `<g>${axesOf(picture)}</g>`,
  ].join('\n');
}

function edgesOf(picture: Picture): string {
  const { content, decoration } = picture;
  const { model, list } = content;
  const chosen = decoration.selected;
  const quiet = chosen >= 0 ? 0.25 : 1;
  const out = Array.from(list.edges, (edge) => edgeElement(picture, edge, quiet));
  if (chosen >= 0) {
    const links = [...inputsOf(model, chosen), ...outputsOf(model, chosen)];
    const drawn = new Set(list.edges);
    const own = Uint32Array.from(links.filter((edge) => drawn.has(edge)));
    for (const edge of edgeList(model, own).edges) out.push(edgeElement(picture, edge, 2.5));
  }
  return out.join('\n');
}

function edgeElement(picture: Picture, edge: number, strength: number): string {
  const { content, world, camera, palette } = picture;
  const { model } = content;
  const from = placeOf(content, world, camera, model.source[edge] as number);
  const to = placeOf(content, world, camera, model.target[edge] as number);
  const negative = (model.weight[edge] as number) < 0;
  const { width, alpha } = strokeOf(share(model, edge), content.list.edges.length);
  const colour = negative ? palette.negative : palette.positive;
  const dash = negative ? ` stroke-dasharray="${DASH.join(' ')}"` : '';
  const opacity = Math.min(alpha * strength, 1).toFixed(2);
  return `<path d="${curvePath(from.x, from.y, to.x, to.y)}" stroke="${colour}" stroke-width="${width.toFixed(2)}" stroke-opacity="${opacity}"${dash}/>`;
}

function shownNodes({ content }: Picture): number[] {
  return Array.from(content.shown.keys()).filter((node) => content.shown[node]);
}

function nodesOf(picture: Picture): string {
  const { content, decoration, world, camera, palette } = picture;
  return shownNodes(picture)
    .map((node) => {
      const kind = content.model.kind[node] as number;
      const { x, y, radius } = placeOf(content, world, camera, node);
      const { fill, stroke, opacity, dash } = nodePaint(content, decoration, node, palette);
      const pinned = decoration.pinned.has(node);
      const ring = node === decoration.selected ? palette.accent : palette.ink;
      const around =
        pinned || node === decoration.selected
          ? glyphElement(
              kind,
              x,
              y,
              radius + 2.5,
              `fill="none" stroke="${ring}" stroke-width="1.6"`,
            )
          : '';
      const back = opacity < 1 ? glyphElement(kind, x, y, radius, `fill="${palette.page}"`) : '';
      const style = `fill="${fill}" fill-opacity="${opacity.toFixed(2)}" stroke="${stroke}" ${dashed(dash.join(' ') || 'none')}`;
      return back + glyphElement(kind, x, y, radius, style) + around;
    })
    .join('\n');
}

function labelsOf(picture: Picture): string {
  const { content, decoration, world, camera, palette } = picture;
  const { model, importance } = content;
  const frame = {
    x: FRAME.left,
    y: 2,
    width: world.size.width - FRAME.left,
    height: world.size.height - FRAME.bottom,
  };
  const taken = new Taken();
  const nodes = shownNodes(picture).filter((node) => model.kind[node] !== TOKEN);
  for (const node of nodes) {
    const { x, y, radius: r } = placeOf(content, world, camera, node);
    if (nodes.length <= 600) taken.add({ x: x - r, y: y - r, width: 2 * r, height: 2 * r });
  }
  const rank = (node: number) =>
    (node === decoration.selected ? 9 : 0) +
    (model.kind[node] === LOGIT ? 3 : 0) +
    (decoration.pinned.has(node) ? 2 : 0) +
    (importance[node] as number);
  return nodes
    .sort((a, b) => rank(b) - rank(a))
    .slice(0, 160)
    .map((node) => {
      const whole = labelOf(content, decoration, node);
      const at = placeOf(content, world, camera, node);
      for (const text of new Set(LENGTHS.map((length) => shortened(whole, length)))) {
        const spot = fit({ ...at, width: text.length * CHARACTER + 6, height: 16 }, frame, taken);
        if (spot)
          return textElement(text, spot.x + 3, spot.y + 12, palette.ink, palette.page, 'start');
      }
      return '';
    })
    .join('\n');
}

function axesOf({ content, world, camera, palette }: Picture): string {
  const { strings, n_layers: nLayers } = content.model.document;
  const bottom = world.size.height - 9;
  const tokens = world.columns.map(({ key, start, size }) => {
    const x = (start + size / 2) * camera.zoom + camera.x;
    const room = Math.floor((size * camera.zoom) / CHARACTER);
    if (key < 0 || room < 2 || x < 0 || x > world.size.width) return '';
    return textElement(
      shortened(visible(strings[key] ?? ''), room),
      x,
      bottom,
      palette.ink,
      palette.page,
      'middle',
    );
  });
  let last = Infinity;
  const layers = world.bands.map(({ key, start, size }) => {
    const y = (start + size / 2) * camera.zoom + camera.y;
    if (last - y < 14 || y < 0 || y > bottom - 14) return '';
    last = y;
    const text = key < 0 ? 'token' : key === nLayers ? 'out' : `L${key}`;
    return textElement(text, FRAME.left - 12, y + 4, palette.soft, palette.page, 'end');
  });
  return [...tokens, ...layers].join('\n');
}
