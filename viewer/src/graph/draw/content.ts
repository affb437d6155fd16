/** What a scene draws, as the page hands it over: nothing in it changes while the pointer moves. */

import type { Layout } from '../layout/across';
import type { GraphModel } from '../model/graph';
import type { keptRows } from '../model/prune';
import type { EdgeList } from './edges';

export interface Content {
  model: GraphModel;
  layout: Layout;
  shown: Uint8Array;
  list: EdgeList;
  /** Kept edges between shown nodes, by either end. */
  rows: ReturnType<typeof keptRows>;
  /** Size of nodes, and who is labelled first: 0 to 1. */
  importance: Float64Array;
}

export interface Decoration {
  selected: number;
  /** Selected to be grouped, with Shift. */
  marked: ReadonlySet<number>;
  pinned: ReadonlySet<number>;
  /** Names of the supernodes of nodes that are in one. */
  groups: ReadonlyMap<number, string>;
  /** Signed, -1 to 1: colours nodes by their effect; null where no difference is explained. */
  effect: Float64Array | null;
  /** Drawn with a mark: what only this one of two graphs has. */
  unmatched: ReadonlySet<number>;
  /** Drawn hollow and dashed: what not every prompt of a merged graph has. */
  partial: ReadonlySet<number>;
}

export const PLAIN: Decoration = {
  selected: -1,
  marked: new Set(),
  pinned: new Set(),
  groups: new Map(),
  effect: null,
  unmatched: new Set(),
  partial: new Set(),
};
