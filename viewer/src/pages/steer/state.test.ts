import { describe, expect, it } from 'vitest';
import { href, parseAddress } from '../../router';
import { parsePositions, parseSettings, type Settings, writeSettings } from './state';

const SETTINGS: Settings = {
  model: 'specimen:adder',
  dictionary: 'd',
  changes: [
    {
      kind: 'slid',
      target: { kind: 'features', features: [[2, 138]] },
      how: 'scale',
      value: 3,
      positions: '',
      off: false,
    },
    {
      kind: 'slid',
      target: { kind: 'head', layer: 0, head: 1 },
      how: 'scale',
      value: 0.5,
      positions: '1,-1',
      off: true,
    },
    { kind: 'kept', key: '1x8k2f', off: false },
  ],
  positions: '1,-1',
  prompt: '36 + 59 =',
  tokens: 8,
  temperature: 0.7,
  seed: 3,
  notes: 'pushes the sum, up',
};

describe('settings of steering', () => {
  it('come back from the address', () => {
    const address = parseAddress(href({ page: 'steer' }, writeSettings(SETTINGS)));
    expect(address.route).toEqual({ page: 'steer' });
    expect(parseSettings(address.query)).toEqual(SETTINGS);
  });

  it('take the features that another page links to, until a change is made', () => {
    const linked = parseSettings(new URLSearchParams({ features: '2/138' }));
    expect(linked.changes).toMatchObject([{ how: 'add', value: 0 }]);
    expect(writeSettings({ changes: [] })).toEqual({ changes: '', features: null });
  });

  it('leave out what is so by default', () => {
    const query = writeSettings({ positions: 'all', tokens: 32, temperature: 0, seed: 0 });
    expect(Object.values(query)).toEqual([null, null, null, null]);
  });

  it('have positions', () => {
    expect(parsePositions('generated')).toBe('generated');
    expect(parsePositions('1, 4,-1')).toEqual([1, 4, -1]);
    expect(parsePositions('1,,2')).toBeUndefined();
  });
});
