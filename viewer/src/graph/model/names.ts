/** How nodes are written. */

import { BIAS, DIRECTION, ERROR, FEATURE, type GraphModel, KINDS, LOGIT, TOKEN } from './graph';

/** A token on one line, its leading space visible. */
export function visible(text: string): string {
  return text.replaceAll('\n', '⏎').replaceAll('\t', '⇥') || '␣';
}

/** What a node is: its label, or else its place. */
export function title(model: GraphModel, node: number): string {
  const label = model.document.nodes.label[node] ?? '';
  const kind = model.kind[node];
  if (kind === TOKEN) return `“${visible(label)}”`;
  if (kind === LOGIT) return `⇒ “${visible(label)}”`;
  if (kind === DIRECTION) return `⇒ ${label}`;
  if (kind === FEATURE && label) return label;
  return place(model, node);
}

/** Where a node is: L3/127, error L3, bias. */
export function place(model: GraphModel, node: number): string {
  const layer = model.layer[node];
  const kind = model.kind[node] ?? BIAS;
  if (kind === FEATURE) return `L${layer}/${model.document.nodes.feature[node]}`;
  if (kind === ERROR) return `error L${layer}`;
  return KINDS[kind] ?? '';
}

/** The token at a node's position, with the position: “36” at 1. */
export function where(model: GraphModel, node: number): string {
  const position = model.position[node] as number;
  if (position < 0) return '';
  return `${position} “${visible(model.document.strings[position] ?? '')}”`;
}

/** All that a search looks into. */
function searchText(model: GraphModel, node: number): string {
  return `${title(model, node)} ${place(model, node)} ${model.document.nodes.id[node]}`.toLowerCase();
}

/** Nodes that hold every word of a query. */
export function search(model: GraphModel, query: string): number[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const found: number[] = [];
  for (let node = 0; node < model.nNodes; node++) {
    const text = searchText(model, node);
    if (words.every((word) => text.includes(word))) found.push(node);
  }
  return found;
}

/** How well a label fits a query: 0 ends with it or is it, 1 holds it as it stands, 2 its words. */
export function looseness(label: string, query: string): number {
  const [text, phrase] = [label.toLowerCase(), query.trim().toLowerCase()];
  return text.endsWith(phrase) ? 0 : text.includes(phrase) ? 1 : 2;
}

/** One decimal where it says something: below a tenth, and near the whole, which 99.7% is not. */
export function percent(value: number): string {
  if (!(value > 0)) return '0%';
  if (value < 0.001) return '<0.1%';
  if (value < 1 && value >= 0.9995) return '>99.9%';
  const decimals = value < 0.0995 || (value >= 0.9895 && value < 1) ? 1 : 0;
  return `${(100 * value).toFixed(decimals)}%`;
}

/** What is left of a sum that rounding alone keeps from being zero. */
const NOTHING = 1e-6;

/** A signed number with a true minus. */
export function signed(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < NOTHING) return '≈0';
  const digits =
    size >= 100 ? size.toFixed(0) : size >= 0.01 ? size.toPrecision(3) : size.toExponential(1);
  return `${value < 0 ? '−' : '+'}${digits}`;
}

/** The last part of a path; other names as they are. */
export function shortName(name: string): string {
  return name
    .replace(/[/\\]+$/, '')
    .split(/[/\\]/)
    .slice(-2)
    .join('/');
}
