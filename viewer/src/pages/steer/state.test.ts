import { describe, expect, it } from 'vitest';
import { differences } from './differences';
import { href, parseAddress } from '../../router';
import {
  parseChanges,
  parsePositions,
  parseSettings,
  rangeOf,
  type Settings,
  writeSettings,
} from './state';

const SETTINGS: Settings = {
  model: 'specimen:adder',
  dictionary: 'd',
  changes: [
    { encoder: 2, feature: 138, how: 'scale', value: 3 },
    { encoder: 0, feature: 1, how: 'add', value: -2.5 },
    { encoder: 1, feature: 7, how: 'clamp', value: 0 },
  ],
  positions: '1,-1',
  prompt: '36 + 59 =',
  tokens: 8,
  temperature: 0.7,
  seed: 3,
};

describe('settings of steering', () => {
  it('come back from the address', () => {
    const address = parseAddress(href({ page: 'steer' }, writeSettings(SETTINGS)));
    expect(address.route).toEqual({ page: 'steer' });
    expect(parseSettings(address.query)).toEqual(SETTINGS);
  });

  it('leave out what is so by default', () => {
    const query = writeSettings({ positions: 'all', tokens: 32, temperature: 0, seed: 0 });
    expect(Object.values(query)).toEqual([null, null, null, null]);
  });

  it('take a feature alone as not changed, and drop what is none', () => {
    expect(parseChanges('2/138,x,1/2*,3/4*1e400')).toEqual([
      { encoder: 2, feature: 138, how: 'add', value: 0 },
    ]);
  });

  it('have positions', () => {
    expect(parsePositions('generated')).toBe('generated');
    expect(parsePositions('1, 4,-1')).toEqual([1, 4, -1]);
    expect(parsePositions('1,,2')).toBeUndefined();
  });

  it('have sliders as wide as the feature is strong', () => {
    expect(rangeOf('add', 4.1)).toMatchObject({ min: -10, max: 10 });
    expect(rangeOf('clamp', 0.9)).toMatchObject({ min: 0, max: 2 });
    expect(rangeOf('add', 0)).toMatchObject({ max: 10 });
  });
});

describe('differences of two texts', () => {
  it('are what the other lacks', () => {
    const [a, b] = differences(['x', 'a', 'y', 'z'], ['x', 'y', 'b', 'z']);
    expect(a).toEqual([false, true, false, false]);
    expect(b).toEqual([false, false, true, false]);
    expect(differences([], ['q'])).toEqual([[], [true]]);
  });
});
