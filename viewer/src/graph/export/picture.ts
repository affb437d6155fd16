/** A picture that explains itself: a title, the graph, a key, and the circuit where there is one. */

import { DASH } from '../draw/edges';
import { glyphElement } from '../draw/glyph';
import { paintOf, type Palette } from '../draw/palette';
import type { ViewState } from '../model/document';
import { KINDS } from '../model/graph';
import { percent, shortName, visible } from '../model/names';
import { subgraph } from '../model/subgraph';
import { circuitElements, type Part } from './circuit';
import { graphElements, type Picture } from './svg';
import { escaped, textElement } from './text';

const TITLE = 48;
const KEY = 34;
const BELOW = 30;
const MARGIN = 16;
const CHARACTER = 6.7;

export interface Drawing {
  text: string;
  width: number;
  height: number;
}

export function pictureOf(picture: Picture, state: ViewState, counts: string): Drawing {
  const { palette, world, content } = picture;
  const { width, height } = world.size;
  const made = subgraph(content.model, state);
  const circuit = made.items.length ? circuitElements(made, state, palette, width) : null;
  const whole = TITLE + height + KEY + (circuit ? BELOW + circuit.height + MARGIN : 0);
  const text = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${whole}" width="${width}" height="${whole}" font-family="system-ui, Segoe UI, Roboto, sans-serif" font-size="12">`,
    `<title>${escaped(content.model.document.name)}</title>`,
    `<rect width="${width}" height="${whole}" fill="${palette.page}"/>`,
    `<g id="title">${titleElements(picture, counts)}</g>`,
    // what the camera leaves outside the pane must not lie over the rest
    `<clipPath id="pane"><rect width="${width}" height="${height}"/></clipPath>`,
    `<g id="graph" transform="translate(0 ${TITLE})" clip-path="url(#pane)">${graphElements(picture)}</g>`,
    `<g id="key" transform="translate(0 ${TITLE + height})">${keyElements(picture)}</g>`,
    circuit && below(circuit, TITLE + height + KEY, width, palette),
    '</svg>',
  ].join('\n');
  return { text, width, height: whole };
}

function titleElements({ content, palette }: Picture, counts: string): string {
  const { document } = content.model;
  const prompt = document.strings.map(visible).join(' ').replaceAll('  ', ' ');
  const { replacement } = document.scores;
  const facts = [
    document.model && `model ${shortName(document.model)}`,
    document.dictionary && `dictionary ${shortName(document.dictionary)}`,
    typeof replacement === 'number' && `replacement ${percent(replacement)}`,
    counts,
  ].filter(Boolean);
  return [
    textElement(prompt, MARGIN, 22, palette.ink, '', 'start', 'font-size="15" font-weight="600"'),
    textElement(facts.join(' · '), MARGIN, 40, palette.soft, '', 'start'),
  ].join('');
}

function keyElements({ content, palette }: Picture): string {
  const { model, shown } = content;
  const present = KINDS.map((_, kind) => kind).filter((kind) =>
    model.kind.some((own, node) => own === kind && shown[node] === 1),
  );
  let x = MARGIN;
  const y = KEY / 2;
  const entry = (symbol: string, room: number, words: string) => {
    const text = textElement(words, x + room, y + 4, palette.soft, '', 'start');
    x += room + words.length * CHARACTER + 18;
    return symbol + text;
  };
  const kinds = present.map((kind) => {
    const { fill, stroke } = paintOf(palette, kind);
    const style = `fill="${fill}" stroke="${stroke}"`;
    return entry(glyphElement(kind, x + 6, y, 5.5, style), 18, KINDS[kind] ?? '');
  });
  const line = (colour: string, dash: string) =>
    `<path d="M${x.toFixed(1)} ${y}h26" stroke="${colour}" stroke-width="2.4" fill="none"${dash}/>`;
  return [
    ...kinds,
    entry(line(palette.positive, ''), 34, 'adds'),
    entry(line(palette.negative, ` stroke-dasharray="${DASH.join(' ')}"`), 34, 'takes away'),
    entry('', 0, 'width: share of the inputs of what it enters'),
  ].join('');
}

function below(circuit: Part, top: number, width: number, palette: Palette): string {
  const words = 'Circuit: % is the signed share of the inputs of the box it enters';
  return [
    `<g id="circuit" transform="translate(0 ${top})">`,
    `<path d="M0 0.5h${width}" stroke="${palette.line}"/>`,
    textElement(words, MARGIN, 20, palette.soft, '', 'start'),
    `<g transform="translate(0 ${BELOW})">${circuit.elements}</g></g>`,
  ].join('');
}
