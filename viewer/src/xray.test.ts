import { describe, expect, it } from 'vitest';
import type { XRay } from './documents';
import { activationsOf, activeOn, summaries } from './xray';

const XRAY: XRay = {
  text: 'a b c',
  tokens: ['a', ' b', ' c'],
  counts: [false, true, true],
  layers: [
    {
      encoder: 0,
      layer: 0,
      site: 'blocks.0.mlp.in',
      offsets: [0, 2, 2, 3],
      features: [5, 9, 5],
      values: [1, 4, 2],
    },
    {
      encoder: 1,
      layer: 1,
      site: 'blocks.1.mlp.in',
      offsets: [0, 0, 1, 1],
      features: [5],
      values: [3],
    },
  ],
  labels: {},
};

describe('an X-ray', () => {
  it('gives the activation of a feature on every token', () => {
    expect(activationsOf(XRAY, 0, 5)).toEqual([1, 0, 2]);
    expect(activationsOf(XRAY, 1, 5)).toEqual([0, 3, 0]);
    expect(activationsOf(XRAY, 7, 5)).toEqual([0, 0, 0]);
  });

  it('lists the features of a token by activation', () => {
    const [layer] = XRAY.layers;
    const on = (token: number) => layer && activeOn(layer, token).map((a) => a.feature);
    expect(on(0)).toEqual([9, 5]);
    expect(on(1)).toEqual([]);
  });

  it('sums up the text: largest activation, where, on how many tokens', () => {
    const found = summaries(XRAY).map((s) => [
      s.layer.encoder,
      s.feature,
      s.value,
      s.token,
      s.tokens,
    ]);
    expect(found).toEqual([
      [0, 9, 4, 0, 1],
      [1, 5, 3, 1, 1],
      [0, 5, 2, 2, 2],
    ]);
  });
});
