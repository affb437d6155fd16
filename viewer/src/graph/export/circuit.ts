/** The reader's circuit, pinned nodes and supernodes, as elements of an SVG. */

import type { Palette } from '../draw/palette';
import { type DrawnFlow, drawnFlows, flowLabels } from '../layout/flows';
import { type Box, boundsOf, isCompact, layered, wordsIn } from '../layout/layered';
import type { ViewState } from '../model/document';
import { DIRECTION, FEATURE, LOGIT, TOKEN } from '../model/graph';
import type { Flow, Item, Subgraph } from '../model/subgraph';
import type { FlowVerdict } from '../verify/verdicts';
import { LINES, strokeOf } from '../verify/words';
import { dashed, escaped, textElement } from './text';

/** Height it may fill, of its width. */
const ROOM = 0.34;
const LARGEST = 1.3;

/** The reader's subgraph as it is seen. */
export interface DrawnCircuit {
  made: Subgraph;
  state: ViewState;
  /** Flows of a smaller share are left out. */
  least: number;
  /** Where flows are drawn by what testing them found. */
  verdict: ((flow: Flow) => FlowVerdict) | undefined;
  /** Nodes that not every prompt of a merged graph has. */
  partial: ReadonlySet<number>;
}

export interface Part {
  elements: string;
  height: number;
}

/** As wide as the picture at most. */
export function circuitElements(
  { made, state, least, verdict, partial }: DrawnCircuit,
  palette: Palette,
  width: number,
): Part {
  const boxes = layered(made.items, made.flows, state.places, { width, height: ROOM * width });
  const bounds = boundsOf(boxes);
  const scale = Math.min(width / bounds.width, LARGEST);
  const left = (width - bounds.width * scale) / 2 - bounds.x * scale;
  const move = `translate(${left.toFixed(1)} ${(-bounds.y * scale).toFixed(1)}) scale(${scale.toFixed(3)})`;
  const parts = [
    flowElements(drawnFlows(made, boxes, least), boxes, palette, verdict),
    ...made.items.map((item, i) => {
      const partly = item.members.every((node) => partial.has(node));
      return boxElements(item, boxes[i], palette, partly);
    }),
  ];
  return {
    elements: `<g transform="${move}">${parts.join('\n')}</g>`,
    height: bounds.height * scale,
  };
}

function flowElements(
  drawn: readonly DrawnFlow[],
  boxes: readonly Box[],
  palette: Palette,
  verdict: DrawnCircuit['verdict'],
): string {
  const colour = (share: number) => (share < 0 ? palette.negative : palette.positive);
  const lines = drawn.map((flow) => {
    const { share, path, opacity } = flow;
    const judged = verdict?.(flow).verdict;
    const width = judged ? strokeOf(judged, flow.width) : flow.width;
    const dash = judged ? LINES[judged].dash : share < 0 ? '7 4' : 'none';
    return `<path d="${path}" fill="none" stroke="${colour(share)}" stroke-width="${width.toFixed(2)}" stroke-opacity="${opacity.toFixed(2)}" ${dashed(dash)}${judged ? ` data-verdict="${judged}"` : ''}/>`;
  });
  const labels = flowLabels(drawn, boxes).map(({ flow, text, x, y }) =>
    textElement(text, x, y + 4, colour(flow.share), palette.page, 'middle', SMALL_BOLD),
  );
  return [...lines, ...labels].join('\n');
}

const SMALL_BOLD = 'font-size="11" font-weight="600"';
const SMALL = 'font-size="10.5"';

function boxElements(item: Item, box: Box | undefined, palette: Palette, partial: boolean): string {
  if (!box) return '';
  const { fill, stroke, ink } = paintOf(item, palette);
  const { x, y, width, height } = box;
  const rectangle = (dx: number, dy: number) =>
    `<rect x="${(x - width / 2 + dx).toFixed(1)}" y="${(y - height / 2 + dy).toFixed(1)}" width="${width.toFixed(1)}" height="${height}" rx="9" fill="${fill}" stroke="${stroke}" stroke-width="1.2" ${dashed(partial ? '3 2.5' : 'none')}/>`;
  const { label, note } = wordsIn(box, item);
  const second = isCompact(box) ? '' : note;
  const beside = isCompact(box) && note ? noteElement(note) : '';
  return [
    item.grouped ? rectangle(4, -4) : '',
    rectangle(0, 0),
    textElement(label, x, y + (second ? -3 : 4.5), ink, '', 'middle', 'font-size="12.5"', beside),
    second && textElement(second, x, y + 13, ink, '', 'middle', `${SMALL} opacity="0.75"`),
  ].join('');
}

/** Behind the label, on its line. */
function noteElement(note: string): string {
  return `<tspan dx="7" font-size="10.5" opacity="0.75">${escaped(note)}</tspan>`;
}

function paintOf({ grouped, kind }: Item, palette: Palette) {
  if (grouped) return { fill: palette.wash, stroke: palette.accent, ink: palette.ink };
  if (kind === TOKEN) return { fill: palette.ink, stroke: palette.ink, ink: palette.page };
  if (kind === LOGIT || kind === DIRECTION)
    return { fill: palette.accent, stroke: palette.accent, ink: palette.page };
  const stroke = kind === FEATURE ? palette.accent : palette.faint;
  return { fill: palette.page, stroke, ink: palette.ink };
}
