/**
 * Where nodes stand in the graph: tokens across, layers up.
 *
 * Every position has a column as wide as its fullest row needs; bias and unexpanded, which have no
 * position, have one at the left. Rows of a cell hold at most `WRAP` nodes and stack upwards, so
 * that a dense cell grows up as well as across. Within a cell nodes keep the document's order
 * (features by number). Coordinates are in units of one node's room; y grows downwards.
 */

import { DIRECTION, type GraphModel, LOGIT, TOKEN } from '../model/graph';

export interface Column {
  /** Position in the prompt; -1 for what has none. */
  position: number;
  x: number;
  width: number;
}

export interface Band {
  /** Layer; -1 for tokens, the number of layers for logits. */
  layer: number;
  y: number;
  height: number;
}

export interface Layout {
  x: Float32Array;
  y: Float32Array;
  columns: Column[];
  bands: Band[];
  width: number;
  height: number;
}

const WRAP = 12;
const LEAST_WIDTH = 2;
const GAP = 0.8;

/** Lay out the nodes that are shown; the others stand at NaN. */
export function across(model: GraphModel, shown: Uint8Array): Layout {
  const positions = columnsOf(model, shown);
  return arrange(model.nNodes, model.document.n_layers, cells(model, shown), positions);
}

export type Cells = Map<number, Map<number, number[]>>;

/** Nodes by position, then by band. */
export function cells(model: GraphModel, shown: Uint8Array): Cells {
  const found: Cells = new Map();
  for (let node = 0; node < model.nNodes; node++) {
    if (!shown[node]) continue;
    const position = model.position[node] as number;
    const column = found.get(position) ?? new Map<number, number[]>();
    found.set(position, column);
    const layer = bandOf(model, node);
    const cell = column.get(layer);
    if (cell) cell.push(node);
    else column.set(layer, [node]);
  }
  return found;
}

/** Targets stand above all layers, tokens and what has no layer below them. */
export function bandOf(model: GraphModel, node: number): number {
  const kind = model.kind[node];
  if (kind === LOGIT || kind === DIRECTION) return model.document.n_layers;
  return kind === TOKEN ? -1 : (model.layer[node] as number);
}

function columnsOf(model: GraphModel, shown: Uint8Array): number[] {
  const positions = new Set<number>();
  for (let node = 0; node < model.nNodes; node++)
    if (shown[node]) positions.add(model.position[node] as number);
  for (let p = 0; p < model.document.strings.length; p++) positions.add(p);
  return [...positions].sort((a, b) => a - b);
}

/** Places of cells in columns; two graphs side by side share the columns and bands. */
export function arrange(
  nNodes: number,
  nLayers: number,
  inCells: Cells,
  positions: readonly number[],
): Layout {
  const sizes = new Map<number, number>();
  const rows = new Map<number, number>();
  for (const [position, column] of inCells) {
    for (const [layer, nodes] of column) {
      sizes.set(position, Math.max(sizes.get(position) ?? 0, Math.min(nodes.length, WRAP)));
      rows.set(layer, Math.max(rows.get(layer) ?? 0, Math.ceil(nodes.length / WRAP)));
    }
  }
  const columns = stackColumns(positions, sizes);
  const bands = stackBands(nLayers, rows);
  const x = new Float32Array(nNodes).fill(NaN);
  const y = new Float32Array(nNodes).fill(NaN);
  const columnAt = new Map(columns.map((c) => [c.position, c]));
  const bandAt = new Map(bands.map((b) => [b.layer, b]));
  for (const [position, byLayer] of inCells) {
    const column = columnAt.get(position);
    for (const [layer, nodes] of byLayer) {
      const band = bandAt.get(layer);
      if (column && band) fill(nodes, column, band, x, y);
    }
  }
  const last = columns.at(-1);
  const lowest = bands[0];
  return {
    x,
    y,
    columns,
    bands,
    width: last ? last.x + last.width : 1,
    height: lowest ? lowest.y + lowest.height : 1,
  };
}

function fill(nodes: number[], column: Column, band: Band, x: Float32Array, y: Float32Array) {
  const nRows = Math.ceil(nodes.length / WRAP);
  const perRow = Math.ceil(nodes.length / nRows);
  nodes.forEach((node, i) => {
    const row = Math.floor(i / perRow);
    const inRow = Math.min(perRow, nodes.length - row * perRow);
    const at = (i % perRow) - (inRow - 1) / 2;
    x[node] = column.x + column.width / 2 + at;
    y[node] = band.y + band.height / 2 + ((nRows - 1) / 2 - row);
  });
}

function stackColumns(positions: readonly number[], sizes: Map<number, number>): Column[] {
  let x = 0;
  return positions.map((position) => {
    const width = Math.max(sizes.get(position) ?? 0, LEAST_WIDTH) + GAP;
    const column = { position, x, width };
    x += width;
    return column;
  });
}

/** From the tokens at the bottom up; the first band is the lowest. */
function stackBands(nLayers: number, rows: Map<number, number>): Band[] {
  const layers = Array.from({ length: nLayers + 2 }, (_, i) => i - 1);
  const heights = layers.map((layer) => Math.max(rows.get(layer) ?? 0, 1) + GAP);
  let y = heights.reduce((sum, height) => sum + height, 0);
  return layers.map((layer, i) => {
    const height = heights[i] ?? 1;
    y -= height;
    return { layer, y, height };
  });
}
