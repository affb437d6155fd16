/** Targets, changes and positions in words. */
import type { Intervention } from '../../documents';
import type { Target } from './change';

const SPAN_WORDS: Record<string, string> = {
  all: 'all tokens',
  prompt: 'the prompt',
  last: 'last of the prompt',
  generated: 'generated tokens',
};

/** Of a span, or of positions: 1,4. */
export function positionWords(positions: string): string {
  return SPAN_WORDS[positions] ?? `positions ${positions.replaceAll(',', ', ')}`;
}

/** L2/138, L1/4 + L1/7, or head 0.1. */
export function targetWords(target: Target): string {
  if (target.kind === 'head') return `head ${target.layer}.${target.head}`;
  return target.features.map(([encoder, feature]) => `L${encoder}/${feature}`).join(' + ');
}

/** A change that has no slider. */
export function interventionWords({ what, how, value, positions, source }: Intervention): string {
  const way = value == null ? how : `${how} ${value}`;
  const from = source == null ? '' : ` from ${sourceWords(source)}`;
  return `${whatWords(what)}: ${way}${from}, ${positionWords(String(positions))}`;
}

function whatWords(what: Intervention['what']): string {
  if (what.kind === 'direction') return `a direction at ${what.site}`;
  return what.kind === 'site' ? `all of ${what.site}` : targetWords(what);
}

function sourceWords(source: string | number[]): string {
  return typeof source === 'string' ? `“${source}”` : `a prompt of ${source.length} tokens`;
}
