import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Verification } from '../../documents';
import type { GraphView, ViewState } from '../model/document';
import { modelOf } from '../model/graph';
import { subgraph } from '../model/subgraph';
import { START } from '../state/view';
import { pointsOf, rangeOf, targetsOf } from './points';
import { verdictsOn, withTestedGroups } from './verdicts';

const text = readFileSync('src/graph/testing/adder.json', 'utf8');
const { view } = JSON.parse(text) as { view: GraphView };
const model = modelOf(view);
const answer = 'logit 105@4';
const features = view.nodes.id.filter((_, i) => view.nodes.kind[i] === 'feature').slice(0, 12);
const [first = '', second = '', third = '', alone = ''] = features;

const held = (verdict: string) => ({ held: { verdict, slope: 1, interval: [0.9, 1.1] } });
const found = {
  sizes: [-1, 1],
  groups: [
    { label: 'three', members: [first, second, third], influence: 0.5, effects: [] },
    {
      label: 'one',
      members: [alone],
      influence: 0.2,
      effects: [
        {
          target: answer,
          label: '105',
          predicted: { held: [-2, 2] },
          measured: { held: [-1.8, null] },
          control: { held: [0.1, 5] },
        },
      ],
    },
  ],
  edges: [
    { source: 'three', target: answer, verdicts: held('confirmed') },
    { source: 'one', target: answer, verdicts: held('contradicted') },
  ],
} as unknown as Verification;

function verdictOf(state: Partial<ViewState>, from: string) {
  const made = subgraph(model, { ...START, ...state });
  const source = made.items.findIndex((item) => item.id === from);
  const target = made.items.findIndex((item) => item.id === answer);
  return verdictsOn(found, model, made, 'held')({ source, target, share: 0.1 });
}

describe('verdicts on the edges of a subgraph', () => {
  const group = { id: 'supernode-0', label: 'mine', members: [first, second, third] };

  it('are those of the groups that were tested', () => {
    const state = { pinned: [...group.members, alone, answer], supernodes: [group] };
    expect(verdictOf(state, 'supernode-0').verdict).toBe('confirmed');
    expect(verdictOf(state, 'supernode-0').words).not.toContain('part of');
    expect(verdictOf(state, alone).verdict).toBe('contradicted');
  });

  it('say that a node was tested as a part of its group', () => {
    const one = verdictOf({ pinned: [first, answer] }, first);
    expect(one.verdict).toBe('confirmed');
    expect(one.words).toContain('part of “three”');
  });

  it('are not there for a box across groups, or one that was not tested', () => {
    const mixed = { ...group, members: [first, alone] };
    const state = { pinned: [first, alone, answer], supernodes: [mixed] };
    expect(verdictOf(state, 'supernode-0').verdict).toBe('not tested');
    const other = features[8] ?? '';
    expect(verdictOf({ pinned: [other, answer] }, other).verdict).toBe('not tested');
  });
});

describe('the tested groups as a subgraph', () => {
  it('has groups of several nodes as supernodes, and the answers', () => {
    const state = withTestedGroups(found, model, START);
    expect(state.supernodes.map((s) => s.label)).toEqual(['three']);
    expect(state.pinned).toEqual(expect.arrayContaining([first, alone]));
    expect(state.pinned.some((id) => id.startsWith('logit'))).toBe(true);
  });
});

describe('points of the scatter', () => {
  it('are one for each group that has effects, and size', () => {
    expect(targetsOf(found, 'held')).toEqual([answer]);
    const points = pointsOf(found, answer, 'held');
    expect(points.map((p) => [p.size, p.predicted, p.measured])).toEqual([
      [-1, -2, -1.8],
      [1, 2, NaN],
    ]);
    const [low, high] = rangeOf(points, false);
    expect(low).toBeLessThan(-2);
    expect(high).toBeLessThan(3);
    expect(rangeOf(points, true)[1]).toBeGreaterThan(5);
  });
});
