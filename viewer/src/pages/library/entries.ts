import type { Entry, EntryKind } from '../../documents';
import { promptOf, titleOf } from '../../entries';

export type Sorting = 'name' | 'created' | 'bytes';

/** Entries of a kind whose name, path or facts have all words of the filter, in order. */
export function selected(
  entries: readonly Entry[],
  kind: EntryKind | '',
  filter: string,
  sorting: Sorting,
): Entry[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return entries
    .filter((entry) => !kind || entry.kind === kind)
    .filter((entry) => words.every((word) => textOf(entry).includes(word)))
    .sort(ORDER[sorting]);
}

const ORDER: Record<Sorting, (a: Entry, b: Entry) => number> = {
  name: (a, b) => titleOf(a).localeCompare(titleOf(b), 'en', { numeric: true }),
  created: (a, b) => b.created.localeCompare(a.created),
  bytes: (a, b) => b.bytes - a.bytes,
};

function textOf(entry: Entry): string {
  const facts = Object.entries(entry.facts).map(([name, value]) => `${name} ${value}`);
  return [entry.kind, entry.name, entry.path, ...facts].join(' ').toLowerCase();
}

/** Where the server has the page of a study. */
export function reportOf({ id, kind, problem }: Entry): string | undefined {
  return kind === 'study' && !problem
    ? `./api/studies/${encodeURIComponent(id)}/report`
    : undefined;
}

/** Facts as a line of figures. */
export function factsOf(entry: Entry): { name: string; value: string }[] {
  return Object.entries(entry.facts).flatMap(([name, value]) =>
    value === null || value === '' || (name === 'prompt' && promptOf(entry))
      ? []
      : [{ name: name.replaceAll('_', ' '), value: factText(name, value) }],
  );
}

/** Scores are per cent, as they are above a graph. */
const PERCENT = ['replacement', 'completeness'];

function factText(name: string, value: string | number | boolean): string {
  if (typeof value === 'number' && PERCENT.includes(name)) return `${Math.round(100 * value)}%`;
  if (typeof value === 'number') return value.toLocaleString('en', { maximumFractionDigits: 4 });
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : value;
}
