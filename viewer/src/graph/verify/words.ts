/** What a verification says, in words, signs and lines: never in colour alone. */

import type { components } from '../../schema';
import type { Verification } from '../../documents';

export type Belief = Verification['belief'];
export type Agreement = components['schemas']['Agreement'];
export type Verdict = components['schemas']['EdgeVerdict']['verdict'] | 'not tested';
export type Mode = string;

interface Sign {
  sign: string;
  word: string;
  tone: string;
}

export const BELIEFS: Record<Belief, Sign> = {
  believable: { sign: '✓', word: 'Believable', tone: 'good' },
  partly: { sign: '◐', word: 'Partly believable', tone: 'warn' },
  'not believable': { sign: '✕', word: 'Not believable', tone: 'bad' },
};

export const MODES: Record<Mode, string> = {
  held: 'attention and norms frozen: what the graph assumes',
  frozen: 'attention frozen, norms follow',
  live: 'nothing frozen: the model as it is',
};

interface Line {
  /** Of `stroke-dasharray`. */
  dash: string;
  /** Of the width that its share gives an edge; NaN for a thin line whatever the share. */
  width: number;
  meaning: string;
}

export const LINES: Record<Verdict, Line> = {
  confirmed: { dash: 'none', width: 1, meaning: 'moves what it enters as predicted (0.5 to 2 ×)' },
  stronger: { dash: 'none', width: 1.5, meaning: 'moves it more than twice as much' },
  weaker: { dash: 'none', width: NaN, meaning: 'moves it less than half as much' },
  contradicted: { dash: '9 6', width: 1, meaning: 'does not move it, or the other way' },
  unclear: { dash: '10 5 1 5', width: 1, meaning: 'the interval is too wide to say' },
  'not testable': { dash: '1 6', width: 1, meaning: 'the graph predicts too little to measure' },
  'not tested': {
    dash: '1 6',
    width: 1,
    meaning: 'these boxes are not groups that were tested; test again',
  },
};

/** In the legend. */
export const LEGEND: Verdict[] = [
  'confirmed',
  'stronger',
  'weaker',
  'contradicted',
  'unclear',
  'not testable',
];

export function strokeOf(verdict: Verdict, width: number): number {
  const factor = LINES[verdict].width;
  return Number.isNaN(factor) ? 1.2 : Math.max(width * factor, 1.6);
}

/** Two decimals with a true minus; what is beyond measure is cut. */
export function score(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value < -99.5) return '< −99';
  if (value > 99.5) return '> 99';
  return value.toFixed(2).replace('-', '−');
}

export function interval(of: readonly number[] | null | undefined): string {
  return of ? `${score(of[0])} to ${score(of[1])}` : '';
}

export function wholePercent(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return `${Math.round(100 * value)}%`.replace('-', '−');
}

/** A size of a change: −100% takes away, +100% doubles. */
export function sizeName(size: number): string {
  return `${size > 0 ? '+' : ''}${wholePercent(size)}`;
}
