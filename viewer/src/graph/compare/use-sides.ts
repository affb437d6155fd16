/** Both graphs of a comparison, ready to draw. */

import { useMemo } from 'react';
import { edgeList } from '../draw/edges';
import type { Content } from '../draw/content';
import type { GraphView } from '../model/document';
import { type GraphModel, modelOf } from '../model/graph';
import { keptRows, ranking } from '../model/prune';
import { contentOf, prunedAt } from '../state/session';
import { align, keysOf, plan, sameDictionary, type Side } from './align';
import { type Difference, difference, shownKeys } from './difference';

export interface Compared {
  models: [GraphModel, GraphModel];
  contents: [Content, Content];
  sides: [Side, Side];
  /** Nodes that are shown, by what they are. */
  index: [Map<string, number>, Map<string, number>];
  difference: Difference;
  /** Whether features can be matched. */
  shared: boolean;
}

const NOTHING: readonly string[] = [];

export function useSides(
  views: readonly [GraphView, GraphView],
  node: number,
  edge: number,
  changedOnly: boolean,
): Compared {
  const base = useMemo(() => {
    const models: [GraphModel, GraphModel] = [modelOf(views[0]), modelOf(views[1])];
    const alignment = align(views[0].strings, views[1].strings);
    const shared = sameDictionary(...models);
    const keys = models.map((model, i) =>
      keysOf(model, alignment.columns[i as 0 | 1], shared, i as 0 | 1),
    );
    return { models, alignment, shared, keys, ranked: models.map(ranking) };
  }, [views]);
  const pair = useMemo(() => {
    const { models, ranked, keys, alignment } = base;
    const side = (i: 0 | 1) => {
      const content = contentOf(
        ranked[i] as NonNullable<(typeof ranked)[0]>,
        prunedAt(ranked[i] as NonNullable<(typeof ranked)[0]>, node, edge),
        NOTHING,
        NOTHING,
      );
      const made: Side = {
        model: models[i],
        shown: content.shown,
        keys: keys[i] as string[],
        columns: alignment.columns[i],
      };
      return { content, made };
    };
    const [left, right] = [side(0), side(1)];
    const sides: [Side, Side] = [left.made, right.made];
    const layouts = plan(sides, alignment.n);
    const contents: [Content, Content] = [
      { ...left.content, layout: layouts[0] },
      { ...right.content, layout: layouts[1] },
    ];
    return { sides, contents, difference: difference(sides) };
  }, [base, node, edge]);
  return useMemo(() => {
    const { sides } = pair;
    const contents = changedOnly ? changedContents(pair.contents, pair.difference) : pair.contents;
    return {
      models: base.models,
      shared: base.shared,
      sides,
      contents,
      difference: pair.difference,
      index: [shownKeys(sides[0]), shownKeys(sides[1])],
    };
  }, [base, pair, changedOnly]);
}

/** The same drawings with the edges alone whose shares differ. */
function changedContents(
  contents: [Content, Content],
  { changes }: Difference,
): [Content, Content] {
  const of = (i: 0 | 1): Content => {
    const flags = new Uint8Array(contents[i].model.nEdges);
    for (const change of changes) if (change.edges[i] >= 0) flags[change.edges[i]] = 1;
    const rows = keptRows(contents[i].model, flags);
    return { ...contents[i], rows, list: edgeList(contents[i].model, rows.kept) };
  };
  return [of(0), of(1)];
}
