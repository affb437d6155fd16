/** Of a merged graph: which nodes all its prompts have, and which only some. */

import type { GraphView } from './document';

export interface Prompts {
  names: string[];
  /** By prompt: whether its pruned graph keeps a node. */
  kept: Uint8Array[];
  /** By prompt: share of the influence in its graph; null where that has no such node. */
  influence: (number | null)[][];
  /** By node: how many prompts keep it. */
  count: Uint16Array;
  /** Nodes that not all of them keep. */
  partial: ReadonlySet<number>;
}

const NOBODY: ReadonlySet<number> = new Set();

/** Null for a graph of one prompt. */
export function promptsOf({ merged, nodes }: GraphView): Prompts | null {
  if (!merged) return null;
  const n = nodes.id.length;
  const kept = merged.kept.map((rows) => {
    const flags = new Uint8Array(n);
    for (const node of rows) flags[node] = 1;
    return flags;
  });
  const count = new Uint16Array(n).map((_, i) => kept.reduce((sum, own) => sum + (own[i] ?? 0), 0));
  const partial = new Set([...count.keys()].filter((i) => (count[i] ?? 0) < kept.length));
  return { names: merged.prompts, kept, influence: merged.influence, count, partial };
}

export function partialOf(prompts: Prompts | null): ReadonlySet<number> {
  return prompts?.partial ?? NOBODY;
}

/** What is drawn of a merged graph: all of it, what is common to all prompts, or one's circuit. */
export const COMMON = 'common';

/** The nodes of a choice; null for all. */
export function circuitOf(prompts: Prompts | null, choice: string): Uint8Array | null {
  if (!prompts || choice === '') return null;
  if (choice !== COMMON) return prompts.kept[Number(choice)] ?? null;
  return Uint8Array.from(prompts.count, (count) => (count === prompts.names.length ? 1 : 0));
}

/** “in the circuits of 3 of 4 prompts” */
export function membership({ names, count }: Prompts, node: number): string {
  const n = count[node] ?? 0;
  if (n === names.length) return `in the circuits of all ${n} prompts`;
  const circuits = names.length > 1 && n === 1 ? 'circuit' : 'circuits';
  return `in the ${circuits} of ${n} of ${names.length} prompts`;
}
