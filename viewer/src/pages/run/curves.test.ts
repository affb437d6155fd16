import { describe, expect, it } from 'vitest';
import { curvesOf, meansOverSites, metricsOf, readsAsLog } from './curves';

const ROWS = [
  { step: 20, tokens: 200, clt: { loss: 4, fvu: { a: 1, b: 0.5 }, l0: 20 } },
  { step: 40, tokens: 400, tokens_per_second: 9, clt: { loss: 0.5, fvu: { a: 0.2, b: 0.1 } } },
];

describe('curves of a run', () => {
  const { axes, curves } = curvesOf(ROWS);
  const of = (metric: string) => curves.filter((curve) => curve.metric === metric);

  it('have their axes apart', () => {
    expect(Object.fromEntries(axes)).toEqual({ step: [20, 40], tokens: [200, 400] });
    expect(metricsOf(curves)).toEqual(['loss', 'fvu', 'l0', 'tokens_per_second']);
  });

  it('are by dictionary and site, with gaps where nothing was measured', () => {
    expect(of('fvu').map((c) => [c.dictionary, c.site, c.values])).toEqual([
      ['clt', 'a', [1, 0.2]],
      ['clt', 'b', [0.5, 0.1]],
    ]);
    expect(of('l0')[0]?.values).toEqual([20, NaN]);
    expect(of('tokens_per_second')[0]).toMatchObject({ dictionary: '', values: [NaN, 9] });
  });

  it('are averaged over sites', () => {
    const [mean, ...others] = meansOverSites(of('fvu'));
    expect(others).toEqual([]);
    expect(mean?.values[0]).toBeCloseTo(0.75);
    expect(mean?.values[1]).toBeCloseTo(0.15);
  });

  it('are logarithmic where they fall by factors', () => {
    expect(readsAsLog('loss', of('loss'))).toBe(true);
    expect(readsAsLog('l0', of('l0'))).toBe(false);
    expect(readsAsLog('tokens_per_second', of('tokens_per_second'))).toBe(false);
  });
});
