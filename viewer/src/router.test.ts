import { describe, expect, it } from 'vitest';
import { href, parseAddress, type Route } from './router';

const ROUTES: Route[] = [
  { page: 'library' },
  { page: 'atlas', id: 'a1' },
  { page: 'map', id: 'specimen:adder' },
  { page: 'feature', id: 'a/b c', encoder: 3, feature: 127 },
  { page: 'xray', id: '' },
  { page: 'xray', id: 'd1' },
  { page: 'heads', id: '' },
  { page: 'heads', id: 'd1' },
  { page: 'graph', id: 'g1' },
  { page: 'compare', id: 'g1', other: 'g2' },
  { page: 'run', id: 'r' },
  { page: 'evaluation', id: 'e' },
];

describe('addresses', () => {
  it.each(ROUTES)('of %o come back', (route) => {
    expect(parseAddress(href(route)).route).toEqual(route);
  });

  it('keep parameters, and drop empty ones', () => {
    const text = href(
      { page: 'xray', id: 'd' },
      { text: 'a & b = ?#/', pin: '', layer: null, n: 0 },
    );
    const { query } = parseAddress(text);
    expect([...query]).toEqual([
      ['text', 'a & b = ?#/'],
      ['n', '0'],
    ]);
  });

  it.each([
    '#/atlas',
    '#/atlas/a/x/1',
    '#/atlas/a/1',
    '#/atlas/a/-1/2',
    '#/graph/a/b',
    '#/nothing',
  ])('that name nothing (%s) are unknown', (hash) => {
    expect(parseAddress(hash).route.page).toBe('unknown');
  });

  it('survive bad encodings', () => {
    expect(parseAddress('#/graph/%E0%A4%A').route).toEqual({ page: 'graph', id: '%E0%A4%A' });
  });
});
