/** All that a page of one graph knows: the document, what the reader did, what follows from it. */

import { useDeferredValue, useMemo, useReducer } from 'react';
import { edgeList } from '../draw/edges';
import type { Content, Decoration } from '../draw/content';
import { across } from '../layout/across';
import type { GraphView, ViewState } from '../model/document';
import { effectsOn, type Effects } from '../model/effects';
import { type GraphModel, modelOf } from '../model/graph';
import { keptRows, prune, type Pruned, type Ranking, ranking, whole } from '../model/prune';
import { circuitOf, partialOf, type Prompts, promptsOf } from '../model/prompts';
import { begin, type HistoryAction, step } from './history';
import { fitted, START } from './view';

export interface Session {
  view: GraphView;
  model: GraphModel;
  ranked: Ranking;
  state: ViewState;
  act: (action: HistoryAction) => void;
  canUndo: boolean;
  canRedo: boolean;
  pruned: Pruned;
  content: Content;
  /** Of a merged graph; null for others. */
  prompts: Prompts | null;
  /** Node of the state's selection; -1 without one. */
  selected: number;
}

/** The state a document starts with: as it was saved, or at its own thresholds. */
export function startOf(view: GraphView): ViewState {
  if (view.state) return { ...START, ...view.state };
  if (view.complete) return START;
  return {
    ...START,
    node_threshold: Math.min(START.node_threshold, view.node_threshold),
    edge_threshold: Math.min(START.edge_threshold, view.edge_threshold),
  };
}

/** @param choice of the prompts of a merged graph: see `circuitOf`. */
export function useSession(view: GraphView, start: ViewState, choice = ''): Session {
  const model = useMemo(() => modelOf(view), [view]);
  const ranked = useMemo(() => ranking(model), [model]);
  const [history, act] = useReducer(step, start, (first) =>
    begin(fitted(first, (id) => model.index.has(id))),
  );
  const state = history.present;
  const nodeThreshold = useDeferredValue(state.node_threshold);
  const edgeThreshold = useDeferredValue(state.edge_threshold);
  const pruned = useMemo(
    () => prunedAt(ranked, nodeThreshold, edgeThreshold),
    [ranked, nodeThreshold, edgeThreshold],
  );
  const { hidden, pinned } = state;
  const prompts = useMemo(() => promptsOf(view), [view]);
  const within = useMemo(() => circuitOf(prompts, choice), [prompts, choice]);
  const content = useMemo(
    () => contentOf(ranked, pruned, hidden, pinned, within),
    [ranked, pruned, hidden, pinned, within],
  );
  return {
    view,
    model,
    ranked,
    state,
    act,
    canUndo: history.past.length > 0,
    canRedo: history.future.length > 0,
    pruned,
    content,
    prompts,
    selected: state.selected ? (model.index.get(state.selected) ?? -1) : -1,
  };
}

/**
 * At 1 and 1 nothing is left out, not even what has no influence. A document that was pruned before
 * holds a share of the flow already, of which the edges' threshold asks a part.
 */
export function prunedAt(ranked: Ranking, node: number, edge: number): Pruned {
  const { complete, node_threshold: nodes, edge_threshold: edges } = ranked.model.document;
  const most = complete ? { node: 1, edge: 1 } : { node: nodes, edge: edges };
  if (node >= most.node && edge >= most.edge) return whole(ranked.model);
  return prune(ranked, node, Math.min(edge / most.edge, 1));
}

/**
 * What is drawn: kept nodes of kinds that are not hidden, and pinned ones whatever they are.
 *
 * @param within nothing else but these; null for all.
 */
export function contentOf(
  ranked: Ranking,
  pruned: Pruned,
  hidden: readonly string[],
  pinned: readonly string[],
  within: Uint8Array | null = null,
): Content {
  const { model } = ranked;
  const shown = pruned.nodes.slice();
  if (hidden.length)
    model.document.nodes.kind.forEach((kind, i) => {
      if (hidden.includes(kind)) shown[i] = 0;
    });
  within?.forEach((inside, i) => {
    if (!inside) shown[i] = 0;
  });
  for (const id of pinned) {
    const node = model.index.get(id);
    if (node !== undefined) shown[node] = 1;
  }
  const edges = pruned.edges.slice();
  for (let e = 0; e < model.nEdges; e++)
    if (!shown[model.source[e] as number] || !shown[model.target[e] as number]) edges[e] = 0;
  const rows = keptRows(model, edges);
  return {
    model,
    shown,
    layout: across(model, shown),
    list: edgeList(model, rows.kept),
    rows,
    importance: importanceOf(ranked),
  };
}

function importanceOf({ influence }: Ranking): Float64Array {
  const most = influence.reduce((a, b) => Math.max(a, b), 0) || 1;
  return influence.map((value) => Math.sqrt(Math.max(value, 0) / most));
}

/** Effects on one target, or on one minus another; null where none is asked for. */
export function useEffects(model: GraphModel, plus: string, minus: string): Effects | null {
  return useMemo(() => {
    const first = model.index.get(plus);
    if (first === undefined) return null;
    const second = model.index.get(minus);
    const targets = new Map([[first, 1]]);
    if (second !== undefined && second !== first) targets.set(second, -1);
    return effectsOn(model, targets);
  }, [model, plus, minus]);
}

/** What is drawn around and in nodes. */
export function useDecoration(
  session: Session,
  marked: ReadonlySet<number>,
  effects: Effects | null,
  unmatched: ReadonlySet<number>,
): Decoration {
  const { model, state, selected, prompts } = session;
  const { pinned, supernodes } = state;
  const partial = partialOf(prompts);
  const effect = useMemo(() => (effects ? scaled(effects) : null), [effects]);
  const pins = useMemo(
    () => new Set(pinned.map((id) => model.index.get(id) ?? -1)),
    [model, pinned],
  );
  const groups = useMemo(
    () =>
      new Map(
        supernodes.flatMap((s) => s.members.map((id) => [model.index.get(id) ?? -1, s.label])),
      ),
    [model, supernodes],
  );
  return useMemo(
    () => ({ selected, marked, pinned: pins, groups, effect, unmatched, partial }),
    [selected, marked, pins, groups, effect, unmatched, partial],
  );
}

/** Of the largest; targets have the sign with which they are asked for. */
function scaled({ total, targets }: Effects): Float64Array {
  const most = total.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
  const values = total.map((value) => value / most);
  for (const [node, sign] of targets) values[node] = Math.sign(sign);
  return values;
}
