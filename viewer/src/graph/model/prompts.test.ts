import { describe, expect, it } from 'vitest';
import type { GraphView } from './document';
import { circuitOf, COMMON, membership, promptsOf } from './prompts';

const merged = {
  prompts: ['1 + 2 =', '3 + 4 =', '5 + 6 ='],
  influence: [
    [0.5, 0.1, null],
    [0.4, null, null],
    [0.3, 0.2, 0.1],
  ],
  kept: [[0, 1], [0], [0, 2]],
};
const view = { nodes: { id: ['a', 'b', 'c'] }, merged } as unknown as GraphView;

describe('the prompts of a merged graph', () => {
  const prompts = promptsOf(view);
  if (!prompts) throw new Error('there are none');

  it('are none in a graph of one prompt', () => {
    expect(promptsOf({ ...view, merged: null })).toBeNull();
    expect(circuitOf(null, COMMON)).toBeNull();
  });

  it('mark what not all of them keep', () => {
    expect([...prompts.count]).toEqual([3, 1, 1]);
    expect([...prompts.partial]).toEqual([1, 2]);
  });

  it('are chosen among', () => {
    const chosen = (choice: string) => circuitOf(prompts, choice);
    expect([...(chosen(COMMON) ?? [])]).toEqual([1, 0, 0]);
    expect([...(chosen('2') ?? [])]).toEqual([1, 0, 1]);
    expect([chosen(''), chosen('7'), chosen('x')]).toEqual([null, null, null]);
  });

  it('are counted in words', () => {
    expect(membership(prompts, 0)).toBe('in the circuits of all 3 prompts');
    expect(membership(prompts, 1)).toBe('in the circuit of 1 of 3 prompts');
  });
});
