/** A picture that explains itself: a title, the graph, a key, and the circuit where there is one. */

import type { Palette } from '../draw/palette';
import type { ViewState } from '../model/document';
import { percent, shortName, visible } from '../model/names';
import type { Circuit } from '../state/circuit';
import type { Tests } from '../verify/use-tests';
import { BELIEFS } from '../verify/words';
import { circuitElements } from './circuit';
import { graphKey, keyOf, verdictKey } from './key';
import { graphElements, type Picture } from './svg';
import { escaped, textElement } from './text';

/** Height of the prompt, and of a line of facts below it. */
const PROMPT = 30;
const FACTS = 18;
const CHARACTER = 6.7;
const AROUND_KEY = 6;
const MARGIN = 16;

export interface Drawing {
  text: string;
  width: number;
  height: number;
}

/** What is seen beside the graph. */
export interface Seen extends Pick<Circuit, 'made' | 'least' | 'verdict'> {
  state: ViewState;
  tests: Pick<Tests, 'found' | 'mode'>;
}

export function pictureOf(picture: Picture, seen: Seen, counts: string): Drawing {
  const { palette, world, content } = picture;
  const { width, height } = world.size;
  const facts = factLines(picture, seen, counts);
  const title = PROMPT + FACTS * facts.length;
  const key = keyOf(graphKey(picture), width, palette);
  const top = title + height + key.height + 2 * AROUND_KEY;
  const circuit = seen.made.items.length ? below(picture, seen, top) : null;
  const whole = top + (circuit ? circuit.height : 0);
  const text = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${whole}" width="${width}" height="${whole}" font-family="system-ui, Segoe UI, Roboto, sans-serif" font-size="12">`,
    `<title>${escaped(content.model.document.name)}</title>`,
    `<rect width="${width}" height="${whole}" fill="${palette.page}"/>`,
    `<g id="title">${titleElements(picture, facts)}</g>`,
    // what the camera leaves outside the pane must not lie over the rest
    `<clipPath id="pane"><rect width="${width}" height="${height}"/></clipPath>`,
    `<g id="graph" transform="translate(0 ${title})" clip-path="url(#pane)">${graphElements(picture)}</g>`,
    `<g id="key" transform="translate(0 ${title + height + AROUND_KEY})">${key.elements}</g>`,
    circuit?.elements,
    '</svg>',
  ].join('\n');
  return { text, width, height: whole };
}

function titleElements({ content, palette }: Picture, facts: readonly string[]): string {
  const prompt = content.model.document.strings.map(visible).join(' ').replaceAll('  ', ' ');
  return [
    textElement(prompt, MARGIN, 22, palette.ink, '', 'start', 'font-size="15" font-weight="600"'),
    ...facts.map((line, i) =>
      textElement(line, MARGIN, PROMPT + 10 + i * FACTS, palette.soft, '', 'start'),
    ),
  ].join('');
}

/** What graph it is, and how good, in lines of the picture's width. */
function factLines({ content, world }: Picture, { tests }: Seen, counts: string): string[] {
  const { document } = content.model;
  const { replacement } = document.scores;
  const belief = tests.found ? BELIEFS[tests.found.belief] : undefined;
  const facts = [
    belief && `${belief.sign} ${belief.word}`,
    document.model && `model ${shortName(document.model)}`,
    document.dictionary && `dictionary ${shortName(document.dictionary)}`,
    typeof replacement === 'number' && `replacement ${percent(replacement)}`,
    counts,
  ].filter((fact): fact is string => Boolean(fact));
  const most = (world.size.width - 2 * MARGIN) / CHARACTER;
  return facts.reduce<string[]>((lines, fact) => {
    const longer = lines.length ? `${lines.at(-1)} · ${fact}` : fact;
    return lines.length && longer.length > most
      ? [...lines, fact]
      : [...lines.slice(0, -1), longer];
  }, []);
}

const HEADING = 26;

function below({ decoration, world, palette }: Picture, seen: Seen, top: number) {
  const { width } = world.size;
  const { partial } = decoration;
  const circuit = circuitElements({ ...seen, partial }, palette, width);
  const verdicts = seen.verdict ? verdictKey(seen.tests.mode, palette) : [];
  const key = keyOf(verdicts, width, palette);
  const head = HEADING + (verdicts.length ? key.height : 0) + AROUND_KEY;
  const elements = [
    `<g id="circuit" transform="translate(0 ${top})">`,
    `<path d="M0 0.5h${width}" stroke="${palette.line}"/>`,
    heading(palette),
    `<g id="verdicts" transform="translate(0 ${HEADING})">${key.elements}</g>`,
    `<g transform="translate(0 ${head})">${circuit.elements}</g></g>`,
  ].join('');
  return { elements, height: head + circuit.height + MARGIN };
}

function heading(palette: Palette): string {
  const words = 'Circuit: % is the signed share of the inputs of the box it enters';
  return textElement(words, MARGIN, 20, palette.soft, '', 'start');
}
