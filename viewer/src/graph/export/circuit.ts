/** The reader's circuit, pinned nodes and supernodes, as elements of an SVG. */

import { shortened } from '../draw/nodes';
import type { Palette } from '../draw/palette';
import { drawnFlows, flowLabels } from '../layout/flows';
import { type Box, boundsOf, charactersIn, isCompact, layered } from '../layout/layered';
import type { ViewState } from '../model/document';
import { DIRECTION, FEATURE, LOGIT, TOKEN } from '../model/graph';
import type { Item, Subgraph } from '../model/subgraph';
import { textElement } from './text';

/** Flows of a smaller share are left out. */
const LEAST = 0.03;
/** Height it may fill, of its width. */
const ROOM = 0.34;
const LARGEST = 1.3;

export interface Part {
  elements: string;
  height: number;
}

/** As wide as the picture at most. */
export function circuitElements(
  made: Subgraph,
  state: ViewState,
  palette: Palette,
  width: number,
): Part {
  const boxes = layered(made.items, made.flows, state.places, { width, height: ROOM * width });
  const bounds = boundsOf(boxes);
  const scale = Math.min(width / bounds.width, LARGEST);
  const left = (width - bounds.width * scale) / 2 - bounds.x * scale;
  const move = `translate(${left.toFixed(1)} ${(-bounds.y * scale).toFixed(1)}) scale(${scale.toFixed(3)})`;
  const parts = [
    flowElements(made, boxes, palette),
    ...made.items.map((item, i) => boxElements(item, boxes[i], palette)),
  ];
  return {
    elements: `<g transform="${move}">${parts.join('\n')}</g>`,
    height: bounds.height * scale,
  };
}

function flowElements(made: Subgraph, boxes: readonly Box[], palette: Palette): string {
  const colour = (share: number) => (share < 0 ? palette.negative : palette.positive);
  const drawn = drawnFlows(made, boxes, LEAST);
  const lines = drawn.map(({ share, path, width, opacity }) => {
    const dash = share < 0 ? ' stroke-dasharray="7 4"' : '';
    return `<path d="${path}" fill="none" stroke="${colour(share)}" stroke-width="${width.toFixed(2)}" stroke-opacity="${opacity.toFixed(2)}"${dash}/>`;
  });
  const labels = flowLabels(drawn, boxes).map(({ flow, text, x, y }) =>
    textElement(text, x, y + 4, colour(flow.share), palette.page, 'middle', SMALL_BOLD),
  );
  return [...lines, ...labels].join('\n');
}

const SMALL_BOLD = 'font-size="11" font-weight="600"';
const SMALL = 'font-size="10.5"';

function boxElements(item: Item, box: Box | undefined, palette: Palette): string {
  if (!box) return '';
  const { fill, stroke, ink } = paintOf(item, palette);
  const { x, y, width, height } = box;
  const rectangle = (dx: number, dy: number) =>
    `<rect x="${(x - width / 2 + dx).toFixed(1)}" y="${(y - height / 2 + dy).toFixed(1)}" width="${width.toFixed(1)}" height="${height}" rx="9" fill="${fill}" stroke="${stroke}" stroke-width="1.2"/>`;
  const compact = isCompact(box);
  const note = compact ? item.note : '';
  const label = shortened(item.label, charactersIn(box, note));
  const text = note ? `${label}  ${note}` : label;
  const second = compact ? '' : shortened(item.note, Math.floor(1.18 * charactersIn(box)));
  return [
    item.grouped ? rectangle(4, -4) : '',
    rectangle(0, 0),
    textElement(text, x, y + (second ? -3 : 4.5), ink, '', 'middle', 'font-size="12.5"'),
    second && textElement(second, x, y + 13, ink, '', 'middle', `${SMALL} opacity="0.75"`),
  ].join('');
}

function paintOf({ grouped, kind }: Item, palette: Palette) {
  if (grouped) return { fill: palette.wash, stroke: palette.accent, ink: palette.ink };
  if (kind === TOKEN) return { fill: palette.ink, stroke: palette.ink, ink: palette.page };
  if (kind === LOGIT || kind === DIRECTION)
    return { fill: palette.accent, stroke: palette.accent, ink: palette.page };
  const stroke = kind === FEATURE ? palette.accent : palette.faint;
  return { fill: palette.page, stroke, ink: palette.ink };
}
