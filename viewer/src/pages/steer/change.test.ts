import { describe, expect, it } from 'vitest';
import { isIdle, parseChanges, rangeOf, type Slid, unchanged, writeChanges } from './change';

function only(text: string): Slid {
  const [change, ...more] = parseChanges(text);
  if (change?.kind !== 'slid' || more.length) throw new Error(text);
  return change;
}

describe('changes in the address', () => {
  it.each([
    '2/138*3',
    '0/1+-2.5',
    '1/7=0',
    '1/7!',
    '2/5;1/3*1e-7',
    'h0.1*0.5',
    'h0.1!',
    '~h11.3*0@last',
    '2/5+1e+21@1.4.-1',
    '#1x8k2f,~#0a',
    '2/5+3@prompt,2/5*2@generated',
  ])('come back: %s', (text) => {
    expect(writeChanges(parseChanges(text))).toBe(text);
  });

  it('are of features in groups, and of heads', () => {
    expect(only('2/5;1/3*3')).toMatchObject({
      target: {
        kind: 'features',
        features: [
          [2, 5],
          [1, 3],
        ],
      },
      how: 'scale',
      value: 3,
    });
    expect(only('h3.11!@1.-1')).toMatchObject({
      target: { kind: 'head', layer: 3, head: 11 },
      how: 'ablate',
      value: 0,
      positions: '1,-1',
    });
  });

  it('take a feature or a head alone as not changed yet', () => {
    for (const text of ['2/138', 'h0.1']) {
      const change = only(text);
      expect(change).toEqual(unchanged(change.target));
      expect(isIdle(change)).toBe(true);
    }
  });

  it('leave out what is none', () => {
    const wrong = 'x,1/2*,3/4*1e400,h0.1+3,h0.1=3,1/2;,;,1/2*1.2.3,#,~,,1/2+3@';
    expect(parseChanges(wrong)).toEqual([]);
  });

  it('are idle where they change nothing', () => {
    const idle = ['2/5+0', '2/5*1', 'h0.1*1', '~2/5+7'].map((text) => isIdle(only(text)));
    expect(idle).toEqual([true, true, true, true]);
    const busy = ['2/5=0', '2/5!', 'h0.1*0', '2/5+1'].map((text) => isIdle(only(text)));
    expect(busy).toEqual([false, false, false, false]);
  });

  it('have sliders as wide as the feature is strong', () => {
    expect(rangeOf('features', 'add', 4.1)).toMatchObject({ min: -10, max: 10 });
    expect(rangeOf('features', 'clamp', 0.9)).toMatchObject({ min: 0, max: 2 });
    expect(rangeOf('features', 'add')).toMatchObject({ max: 10 });
    expect(rangeOf('head', 'scale')).toMatchObject({ min: 0, max: 2 });
  });
});
