import { describe, expect, it } from 'vitest';
import { bytes, count, figure, percent, share, signed, since, visibleToken } from './format';

describe('figures', () => {
  it.each([
    [0, '0'],
    [0.0277, '0.0277'],
    [-0.6531, '−0.653'],
    [1234.5, '1,235'],
    [0.00012, '1.2e−4'],
    [null, '–'],
    [NaN, '–'],
  ])('%s is written %s', (value, text) => expect(figure(value)).toBe(text));

  it.each([
    [12_345, '12,345'],
    [1_500_000, '1.5M'],
    [2e9, '2B'],
  ])('count %s is %s', (value, text) => expect(count(value)).toBe(text));

  it.each([
    [0, '0%'],
    [0.0119, '1.19%'],
    [0.0001, '1 in 10,000'],
  ])('share %s is %s', (value, text) => expect(share(value)).toBe(text));

  it('say their sign and unit', () => {
    expect(signed(0.5)).toBe('+0.5');
    expect(signed(-0.5)).toBe('−0.5');
    expect(bytes(46_800)).toBe('46.8 KB');
    expect(bytes(0)).toBe('0 B');
  });
});

describe('tokens and times', () => {
  it('show what cannot be seen', () => {
    expect(visibleToken('\n')).toBe('⏎');
    expect(visibleToken('  ')).toBe('␣␣');
    expect(visibleToken(' the')).toBe(' the');
    expect(visibleToken('')).toBe('');
  });

  it('tell how long ago', () => {
    const now = Date.parse('2026-01-02T00:00:00Z');
    expect(since('2026-01-01T00:00:00Z', now)).toBe('yesterday');
    expect(since('2026-01-01T23:59:50Z', now)).toBe('just now');
    expect(since('', now)).toBe('');
  });
});

describe('columns of shares', () => {
  it.each([
    [1, '100%'],
    [0.0236, '2.4%'],
    [0.1, '10%'],
    [1 / 46_667, '0.0021%'],
    [0, '0%'],
  ])('%s is %s', (value, text) => expect(percent(value)).toBe(text));
});
