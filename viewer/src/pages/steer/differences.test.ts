import { describe, expect, it } from 'vitest';
import { differences } from './differences';

describe('differences of two texts', () => {
  it('are what the other lacks', () => {
    const [a, b] = differences(['x', 'a', 'y', 'z'], ['x', 'y', 'b', 'z']);
    expect(a).toEqual([false, true, false, false]);
    expect(b).toEqual([false, false, true, false]);
    expect(differences([], ['q'])).toEqual([[], [true]]);
  });
});
