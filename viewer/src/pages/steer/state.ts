/** What the reader has set, as it stands in the address. */
import type { Query } from '../../router';

export type How = 'add' | 'scale' | 'clamp';

export interface Change {
  encoder: number;
  feature: number;
  how: How;
  value: number;
}

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
}

export const SPANS = ['all', 'prompt', 'last', 'generated'];
const SIGNS: Record<How, string> = { add: '+', scale: '*', clamp: '=' };
const HOWS: Record<string, How> = { '+': 'add', '*': 'scale', '=': 'clamp' };
const DEFAULTS = { positions: 'all', tokens: 32, temperature: 0, seed: 0 };

export function keyOf({ encoder, feature }: Pick<Change, 'encoder' | 'feature'>): string {
  return `${encoder}/${feature}`;
}

/** 2/138*3,1/4+2.5; a feature alone is not changed yet. */
export function parseChanges(text: string): Change[] {
  const found = new Map<string, Change>();
  for (const part of text.split(',')) {
    const match = /^(\d+)\/(\d+)(?:([+*=])(-?[\d.]+(?:e-?\d+)?))?$/.exec(part);
    if (!match) continue;
    const how = HOWS[match[3] ?? '+'] ?? 'add';
    const value = Number(match[4] ?? 0);
    const change = { encoder: Number(match[1]), feature: Number(match[2]), how, value };
    if (Number.isFinite(value)) found.set(keyOf(change), change);
  }
  return [...found.values()];
}

export function writeChanges(changes: Change[]): string {
  return changes.map((c) => `${keyOf(c)}${SIGNS[c.how]}${c.value}`).join(',');
}

export function parseSettings(query: URLSearchParams): Settings {
  const number = (name: 'tokens' | 'temperature' | 'seed') => {
    const value = Number(query.get(name) ?? DEFAULTS[name]);
    return Number.isFinite(value) && value >= 0 ? value : DEFAULTS[name];
  };
  return {
    model: query.get('model') ?? '',
    dictionary: query.get('dictionary') ?? '',
    changes: parseChanges(query.get('features') ?? ''),
    positions: query.get('positions') ?? DEFAULTS.positions,
    prompt: query.get('prompt') ?? '',
    tokens: Math.max(1, Math.round(number('tokens'))),
    temperature: number('temperature'),
    seed: Math.round(number('seed')),
  };
}

/** Parameters of the address; what is as it is by default is left out. */
export function writeSettings(change: Partial<Settings>): Query {
  const query: Query = {};
  const { changes, ...rest } = change;
  if (changes) query.features = writeChanges(changes);
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

/** The value at which a change changes nothing; a clamp has none. */
export const OFF: Record<How, number | undefined> = { add: 0, scale: 1, clamp: undefined };

/** Ends and step of a slider, for a feature whose largest activation is known or not. */
export function rangeOf(how: How, maximum: number): { min: number; max: number; step: number } {
  if (how === 'scale') return { min: -5, max: 10, step: 0.25 };
  const most = nice(2 * (maximum || 5));
  return { min: how === 'add' ? -most : 0, max: most, step: most / 100 };
}

/** The next of 1, 2, 5, 10, 20, ... */
function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((n) => n * power >= value * 0.999) ?? 10;
  return step * power;
}
