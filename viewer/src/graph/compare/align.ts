/**
 * Two graphs on one plan: positions of the prompts aligned, nodes that stand for the same thing
 * matched, one layout with room for both.
 */

import { arrange, bandOf, type Cells, type Layout } from '../layout/across';
import { BIAS, ERROR, FEATURE, type GraphModel, LOGIT, TOKEN, UNEXPANDED } from '../model/graph';

/** Column of every position of either prompt. */
interface Alignment {
  columns: [number[], number[]];
  n: number;
}

/**
 * Align two prompts by the fewest changes (Needleman and Wunsch 1970): a replaced token costs as
 * much as one that is put in or left out, so prompts of equal length with other words stay in step.
 */
export function align(a: readonly string[], b: readonly string[]): Alignment {
  const cost = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  const at = (i: number, j: number) => cost[i]?.[j] ?? Infinity;
  const change = (i: number, j: number) => (a[i - 1] === b[j - 1] ? 0 : 1);
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++)
      (cost[i] as number[])[j] = Math.min(
        at(i - 1, j - 1) + change(i, j),
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
      );
  const steps: [boolean, boolean][] = [];
  for (let i = a.length, j = b.length; i > 0 || j > 0;) {
    const both = i > 0 && j > 0 && at(i, j) === at(i - 1, j - 1) + change(i, j);
    const first = !both && i > 0 && at(i, j) === at(i - 1, j) + 1;
    steps.push([both || first, both || !first]);
    if (both || first) i--;
    if (both || !first) j--;
  }
  const columns: [number[], number[]] = [[], []];
  steps.reverse().forEach(([inA, inB], column) => {
    if (inA) columns[0].push(column);
    if (inB) columns[1].push(column);
  });
  return { columns, n: steps.length };
}

/**
 * What a node is, so that it can be found in the other graph. Features count as the same only
 * where both graphs are of one dictionary: numbers of different ones have nothing in common.
 */
export function keysOf(
  model: GraphModel,
  columns: readonly number[],
  shared: boolean,
  side: 0 | 1,
) {
  const { nodes } = model.document;
  return Array.from({ length: model.nNodes }, (_, i) => {
    const column = columns[model.position[i] as number] ?? -1;
    switch (model.kind[i]) {
      case TOKEN:
        return `token ${column}`;
      case FEATURE:
        return `feature ${shared ? '' : side} ${model.layer[i]} ${nodes.feature[i]} ${column}`;
      case ERROR:
        return `error ${model.layer[i]} ${column}`;
      case BIAS:
      case UNEXPANDED:
        return nodes.kind[i] as string;
      case LOGIT:
        return `logit ${nodes.label[i]}`;
      default:
        return `direction ${nodes.label[i]}`;
    }
  });
}

export function sameDictionary(a: GraphModel, b: GraphModel): boolean {
  const [x, y] = [a.document, b.document];
  const known = x.dictionary_fingerprint && y.dictionary_fingerprint;
  return known
    ? x.dictionary_fingerprint === y.dictionary_fingerprint
    : x.dictionary === y.dictionary;
}

export interface Side {
  model: GraphModel;
  shown: Uint8Array;
  keys: readonly string[];
  /** Column of every position. */
  columns: readonly number[];
}

/** One layout for both: matched nodes stand at the same place in each. */
export function plan(sides: readonly [Side, Side], nColumns: number): [Layout, Layout] {
  const nLayers = Math.max(...sides.map((side) => side.model.document.n_layers));
  const numbers = new Map<string, number>();
  const inCells: Cells = new Map();
  for (const side of sides) collect(side, nLayers, numbers, inCells);
  for (const column of inCells.values())
    for (const cell of column.values()) cell.sort((a, b) => a - b);
  const positions = Array.from({ length: nColumns }, (_, i) => i);
  if (inCells.has(-1)) positions.unshift(-1);
  const whole = arrange(numbers.size, nLayers, inCells, positions);
  return [ofSide(whole, sides[0], numbers), ofSide(whole, sides[1], numbers)];
}

function collect(side: Side, nLayers: number, numbers: Map<string, number>, inCells: Cells): void {
  const { model, shown, keys, columns } = side;
  for (let node = 0; node < model.nNodes; node++) {
    const key = keys[node] as string;
    if (!shown[node] || numbers.has(key)) continue;
    const number = numbers.size;
    numbers.set(key, number);
    const own = bandOf(model, node);
    const band = own === model.document.n_layers ? nLayers : own;
    const position = columns[model.position[node] as number] ?? -1;
    const column = inCells.get(position) ?? new Map<number, number[]>();
    inCells.set(position, column);
    const cell = column.get(band);
    if (cell) cell.push(number);
    else column.set(band, [number]);
  }
}

function ofSide(whole: Layout, side: Side, numbers: ReadonlyMap<string, number>): Layout {
  const { model, shown, keys, columns } = side;
  const place = (values: Float32Array) =>
    Float32Array.from(keys, (key, node) =>
      shown[node] ? (values[numbers.get(key) as number] as number) : NaN,
    );
  const positionAt = new Map(columns.map((column, position) => [column, position]));
  const top = whole.bands.at(-1)?.layer ?? 0;
  const own = model.document.n_layers;
  return {
    ...whole,
    x: place(whole.x),
    y: place(whole.y),
    columns: whole.columns.map((c) => ({ ...c, position: positionAt.get(c.position) ?? -1 })),
    bands: whole.bands
      .map((band) => (band.layer === top ? { ...band, layer: own } : band))
      .filter((band) => band.layer <= own),
  };
}
