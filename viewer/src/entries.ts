/** What the library has: its kinds, and the page that shows an entry. */
import type { Entry, EntryKind } from './documents';
import type { Route } from './router';

export const KINDS: readonly EntryKind[] = [
  'graph',
  'atlas',
  'dictionary',
  'model',
  'run',
  'evaluation',
  'study',
  'store',
];

export const PLURAL: Record<EntryKind, string> = {
  graph: 'graphs',
  atlas: 'atlases',
  dictionary: 'dictionaries',
  model: 'models',
  run: 'runs',
  evaluation: 'evaluations',
  study: 'studies',
  store: 'stores',
};

/** Whether it came with microtome, rather than from a folder that is served. */
export function isBundled(entry: Pick<Entry, 'path'>): boolean {
  return entry.path.startsWith('specimen:');
}

/** The prompt of a graph; empty where there is none. */
export function promptOf(entry: Pick<Entry, 'kind' | 'facts'>): string {
  const { prompt } = entry.facts;
  return entry.kind === 'graph' && typeof prompt === 'string' ? prompt.trim() : '';
}

/** What a reader knows an entry by: a graph by its prompt, all else by its name. */
export function titleOf(entry: Pick<Entry, 'kind' | 'name' | 'facts'>): string {
  return promptOf(entry) || entry.name;
}

export function routeOfEntry(entry: Pick<Entry, 'id' | 'kind' | 'problem'>): Route | undefined {
  const { id, kind } = entry;
  if (entry.problem) return undefined;
  if (kind === 'dictionary') return { page: 'xray', id };
  // a study is a page of its own: see the library
  if (kind === 'model' || kind === 'store' || kind === 'study') return undefined;
  return { page: kind, id };
}
