/** What the signs of a picture mean: entries in lines, as many as its width asks for. */

import { DASH } from '../draw/edges';
import { glyphElement } from '../draw/glyph';
import { PARTIAL_DASH } from '../draw/nodes';
import { paintOf, type Palette } from '../draw/palette';
import { FEATURE, KINDS } from '../model/graph';
import { LEGEND, LINES, strokeOf } from '../verify/words';
import type { Picture } from './svg';
import { dashed, textElement } from './text';

const MARGIN = 16;
const CHARACTER = 6.7;
const BETWEEN = 18;
const LINE = 22;

interface KeyEntry {
  words: string;
  /** Room of the symbol. */
  room: number;
  symbol: (x: number, y: number) => string;
}

interface Key {
  elements: string;
  height: number;
}

/** Entries in lines of a width. */
export function keyOf(entries: readonly KeyEntry[], width: number, palette: Palette): Key {
  let x = MARGIN;
  let y = LINE / 2;
  const elements = entries.map(({ words, room, symbol }) => {
    const wide = room + words.length * CHARACTER;
    if (x > MARGIN && x + wide > width - MARGIN) {
      x = MARGIN;
      y += LINE;
    }
    const text = textElement(words, x + room, y + 4, palette.soft, '', 'start');
    const element = symbol(x, y) + text;
    x += wide + BETWEEN;
    return element;
  });
  return { elements: elements.join(''), height: y + LINE / 2 };
}

const words = (text: string): KeyEntry => ({ words: text, room: 0, symbol: () => '' });

function line(text: string, colour: string, width: number, dash: string): KeyEntry {
  const symbol = (x: number, y: number) =>
    `<path d="M${x.toFixed(1)} ${y}h26" stroke="${colour}" stroke-width="${width.toFixed(1)}" fill="none" ${dashed(dash)}/>`;
  return { words: text, room: 34, symbol };
}

function glyph(text: string, kind: number, style: string): KeyEntry {
  return { words: text, room: 18, symbol: (x, y) => glyphElement(kind, x + 6, y, 5.5, style) };
}

/** Of the graph: kinds that are shown, and edges. */
export function graphKey({ content, decoration, palette }: Picture): KeyEntry[] {
  const { model, shown } = content;
  const kinds = KINDS.map((_, kind) => kind)
    .filter((kind) => model.kind.some((own, node) => own === kind && shown[node] === 1))
    .map((kind) => {
      const { fill, stroke } = paintOf(palette, kind);
      return glyph(KINDS[kind] ?? '', kind, `fill="${fill}" stroke="${stroke}"`);
    });
  const hollow = `fill="${palette.page}" stroke="${palette.accent}" ${dashed(PARTIAL_DASH.join(' '))}`;
  const partial = [...decoration.partial].some((node) => shown[node]);
  return [
    ...kinds,
    ...(partial ? [glyph('not in the circuits of all prompts', FEATURE, hollow)] : []),
    line('adds', palette.positive, 2.4, 'none'),
    line('takes away', palette.negative, 2.4, DASH.join(' ')),
    words('width: share of the inputs of what it enters'),
  ];
}

/** Of edges that are drawn by what testing them found. */
export function verdictKey(mode: string, palette: Palette): KeyEntry[] {
  return [
    words(`Verdicts (${mode}):`),
    ...LEGEND.map((verdict) =>
      line(verdict, palette.soft, strokeOf(verdict, 2.6), LINES[verdict].dash),
    ),
  ];
}
