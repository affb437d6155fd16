/** What the reader has set, as it stands in the address. */
import type { Query } from '../../router';
import { type Change, parseChanges, writeChanges } from './change';

export interface Settings {
  model: string;
  dictionary: string;
  changes: Change[];
  /** all, prompt, last, generated, or numbers: 1,4. */
  positions: string;
  prompt: string;
  tokens: number;
  temperature: number;
  seed: number;
  /** Saved with the recipe. */
  notes: string;
}

export const SPANS = ['all', 'prompt', 'last', 'generated'];
const DEFAULTS = { positions: 'all', tokens: 32, temperature: 0, seed: 0 };

export function parseSettings(query: URLSearchParams): Settings {
  const number = (name: 'tokens' | 'temperature' | 'seed') => {
    const value = Number(query.get(name) ?? DEFAULTS[name]);
    return Number.isFinite(value) && value >= 0 ? value : DEFAULTS[name];
  };
  return {
    model: query.get('model') ?? '',
    dictionary: query.get('dictionary') ?? '',
    changes: parseChanges(query.get('changes') ?? query.get('features') ?? ''),
    positions: query.get('positions') ?? DEFAULTS.positions,
    prompt: query.get('prompt') ?? '',
    tokens: Math.max(1, Math.round(number('tokens'))),
    temperature: number('temperature'),
    seed: Math.round(number('seed')),
    notes: query.get('notes') ?? '',
  };
}

/** Parameters of the address; what is as it is by default is left out. */
export function writeSettings(change: Partial<Settings>): Query {
  const query: Query = {};
  const { changes, ...rest } = change;
  // a link from a feature's page names features alone
  if (changes) Object.assign(query, { changes: writeChanges(changes), features: null });
  for (const [name, value] of Object.entries(rest)) {
    query[name] = value === DEFAULTS[name as keyof typeof DEFAULTS] ? null : value;
  }
  return query;
}

/** A span, positions, or undefined where it is neither. */
export function parsePositions(text: string): string | number[] | undefined {
  if (SPANS.includes(text)) return text;
  const parts = text.split(',').map((part) => part.trim());
  return parts.every((part) => /^-?\d+$/.test(part)) ? parts.map(Number) : undefined;
}
