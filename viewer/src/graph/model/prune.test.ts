import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { GraphView } from './document';
import { effectsOn } from './effects';
import { prunedAt } from '../state/session';
import { graphModel, GraphProblem, modelOf } from './graph';
import { sourceInfluence } from './influence';
import { holding, prune, ranking, whole } from './prune';

interface Fixture {
  view: GraphView;
  influence: number[];
  cases: { node: number; edge: number; nodes: number[]; edges: number[] }[];
  difference: { plus: number; minus: number; direct: number[]; total: number[] };
}

function fixture(name: string): Fixture {
  const path = `src/graph/testing/${name}.json`;
  return JSON.parse(readFileSync(path, 'utf8')) as Fixture;
}

const indices = (flags: Uint8Array) => Array.from(flags.keys()).filter((i) => flags[i]);

describe.each(['adder', 'random'])('a graph of Python: %s', (name) => {
  const { view, influence, cases, difference } = fixture(name);
  const model = graphModel(view);

  it('has the influence that Python counts', () => {
    const ours = sourceInfluence(model) ?? [];
    influence.forEach((value, i) => expect(ours[i]).toBeCloseTo(value, 12));
  });

  it.each(cases)('is pruned as in Python at $node and $edge', ({ node, edge, nodes, edges }) => {
    const kept = prune(ranking(model), node, edge);
    expect(indices(kept.nodes)).toEqual(nodes);
    expect(indices(kept.edges)).toEqual(edges);
    expect(kept.nEdges).toBe(edges.length);
  });

  it('has the direct and total effects that solving all paths gives', () => {
    const targets = new Map([
      [difference.plus, 1],
      [difference.minus, -1],
    ]);
    const { direct, total } = effectsOn(model, targets);
    difference.direct.forEach((value, i) => expect(direct[i]).toBeCloseTo(value, 9));
    difference.total.forEach((value, i) =>
      expect(Math.abs((total[i] ?? NaN) - value)).toBeLessThan(1e-9 * (1 + Math.abs(value))),
    );
  });

  it('keeps all nodes and all edges that are not zero when whole', () => {
    const kept = whole(model);
    expect(kept.nNodes).toBe(view.nodes.id.length);
    expect(kept.nEdges).toBe(view.edges.weight.filter((w) => w !== 0).length);
  });
});

describe('pruning a part of a graph', () => {
  it('takes the ranks that the document has of the whole', () => {
    const { view } = fixture('random');
    const whole = ranking(graphModel(view));
    const part = ranking(graphModel({ ...view, complete: false }));
    // the document's numbers are rounded to five digits
    for (const node of view.nodes.id.keys()) {
      if (!whole.influence[node]) continue;
      expect(part.above[node]).toBeCloseTo(whole.above[node] ?? NaN, 3);
    }
  });
});

describe('a document that was pruned before', () => {
  const { view } = fixture('random');
  const ranked = ranking(
    modelOf({ ...view, complete: false, node_threshold: 0.8, edge_threshold: 0.9 }),
  );

  it('is shown whole at its own thresholds, and pruned below them', () => {
    expect(prunedAt(ranked, 0.8, 0.9)).toEqual(whole(ranked.model));
    const fewer = prunedAt(ranked, 0.8, 0.5);
    expect(fewer.nEdges).toBeLessThan(view.edges.source.length);
    expect(fewer.nEdges).toBeGreaterThan(0);
  });
});

describe('entries that hold a share', () => {
  it('takes equal ones in their order', () => {
    expect([...holding(Float64Array.of(1, 2, 1, 0, 1), 0.6)]).toEqual([1, 1, 0, 0, 0]);
  });

  it('never takes one of nothing', () => {
    expect([...holding(Float64Array.of(0, 3, 0), 1)]).toEqual([0, 1, 0]);
    expect([...holding(Float64Array.of(0, 0), 0.5)]).toEqual([0, 0]);
  });
});

describe('a document that is no graph', () => {
  const { view } = fixture('random');

  it('is refused with a cycle', () => {
    const edges = { source: [0, 1], target: [1, 0], weight: [1, 1] };
    expect(() => graphModel({ ...view, edges })).toThrow(GraphProblem);
  });

  it('is refused with an edge to nowhere', () => {
    const edges = { source: [0], target: [9999], weight: [1] };
    expect(() => graphModel({ ...view, edges })).toThrow('not there');
  });

  it('is refused with columns of unequal length', () => {
    const nodes = { ...view.nodes, layer: [1] };
    expect(() => graphModel({ ...view, nodes })).toThrow('layer');
  });
});
