import { describe, expect, it } from 'vitest';
import type { Entry } from '../../documents';
import { routeOfEntry, titleOf } from '../../entries';
import { factsOf, selected } from './entries';

function entry(given: Partial<Entry>): Entry {
  const empty = { path: '', created: '', bytes: 0, facts: {}, fingerprint: '', problem: '' };
  const prints = { model_fingerprint: '', dictionary_fingerprint: '' };
  return { id: 'x', kind: 'graph', name: 'a', ...empty, ...prints, ...given };
}

const ENTRIES = [
  entry({ name: 'sum-10', created: '2026-01-01', bytes: 5, facts: { prompt: '36 + 59 =' } }),
  entry({ name: 'sum-9', created: '2026-01-03', bytes: 1 }),
  entry({ name: 'atlas', kind: 'atlas', created: '2026-01-02', bytes: 9 }),
];

describe('the library', () => {
  const names = (...given: Parameters<typeof selected> extends [unknown, ...infer R] ? R : never) =>
    selected(ENTRIES, ...given).map((e) => e.name);

  it('is sorted', () => {
    expect(names('', '', 'name')).toEqual(['sum-10', 'atlas', 'sum-9']);
    expect(names('', '', 'created')).toEqual(['sum-9', 'atlas', 'sum-10']);
    expect(names('', '', 'bytes')).toEqual(['atlas', 'sum-10', 'sum-9']);
  });

  it('is filtered by kind, and by all words anywhere', () => {
    expect(names('atlas', '', 'name')).toEqual(['atlas']);
    expect(names('', 'SUM 59', 'name')).toEqual(['sum-10']);
    expect(names('', 'nothing', 'name')).toEqual([]);
  });

  it('shows facts that are there', () => {
    const facts = { features: 12345, finished: true, note: '', steps: null };
    const scored = { prompt: '36 + 59 =', replacement: 0.9707 };
    expect(factsOf(entry({ facts: scored }))).toEqual([{ name: 'replacement', value: '97%' }]);
    expect(factsOf(entry({ facts }))).toEqual([
      { name: 'features', value: '12,345' },
      { name: 'finished', value: 'yes' },
    ]);
  });

  it('names graphs by their prompt', () => {
    expect(ENTRIES.map(titleOf)).toEqual(['36 + 59 =', 'sum-9', 'atlas']);
  });

  it('opens what can be opened', () => {
    expect(routeOfEntry(entry({ kind: 'run' }))).toEqual({ page: 'run', id: 'x' });
    expect(routeOfEntry(entry({ problem: 'damaged' }))).toBeUndefined();
    expect(routeOfEntry(entry({ kind: 'store' }))).toBeUndefined();
  });
});
