/** What is changed, as it stands in the address: 2/138*3,1/4;1/7!,~h0.1*0.5@last,#1x8k2f. */

export type How = 'add' | 'scale' | 'clamp' | 'ablate';

/** Features that are changed alike, or a head. */
export type Target =
  | { kind: 'features'; features: [encoder: number, feature: number][] }
  | { kind: 'head'; layer: number; head: number };

/** A change with a slider. */
export interface Slid {
  kind: 'slid';
  target: Target;
  how: How;
  /** 0 where it is ablated. */
  value: number;
  /** all, prompt, last, generated or 1,4; empty for those of the page. */
  positions: string;
  off: boolean;
}

/** A change of a recipe that has no slider; what it is does not stand in the address. */
export interface Kept {
  kind: 'kept';
  /** Of what `keep` remembers. */
  key: string;
  off: boolean;
}

export type Change = Slid | Kept;

/** Of a target: the ways that it can be changed. */
export const HOWS: Record<Target['kind'], How[]> = {
  features: ['add', 'scale', 'clamp', 'ablate'],
  head: ['scale', 'ablate'],
};
/** Where a slider begins. */
export const START: Record<How, number> = { add: 0, scale: 1, clamp: 0, ablate: 0 };

const SIGNS: Record<string, How> = { '+': 'add', '*': 'scale', '=': 'clamp' };
const NUMBER = String.raw`-?[\d.]+(?:e[+-]?\d+)?`;
const WHERE = String.raw`[a-z]+|-?\d+(?:\.-?\d+)*`;
const PART = new RegExp(
  String.raw`^(~?)([\d/;]+|h\d+\.\d+)(?:(!)|([+*=])(${NUMBER}))?(?:@(${WHERE}))?$`,
);

/** Changes of an address; a feature or a head alone is not changed yet, and what is none is left out. */
export function parseChanges(text: string): Change[] {
  return text.split(',').flatMap((part) => {
    const change = parseKept(part) ?? parseSlid(part);
    return change ? [change] : [];
  });
}

function parseKept(part: string): Kept | undefined {
  const [, off, key] = /^(~?)#([0-9a-z]+)$/.exec(part) ?? [];
  return key === undefined ? undefined : { kind: 'kept', key, off: off !== '' };
}

function parseSlid(part: string): Slid | undefined {
  const [all, off, name = '', ablated, sign, number, where = ''] = PART.exec(part) ?? [];
  const target = parseTarget(name);
  if (all === undefined || !target) return undefined;
  const how = ablated ? 'ablate' : sign ? SIGNS[sign] : HOWS[target.kind][0];
  if (!how || !HOWS[target.kind].includes(how)) return undefined;
  const value = number === undefined ? START[how] : Number(number);
  if (!Number.isFinite(value)) return undefined;
  const positions = where.replaceAll('.', ',');
  return { kind: 'slid', target, how, value, positions, off: off !== '' };
}

function parseTarget(text: string): Target | undefined {
  const [, layer, head] = /^h(\d+)\.(\d+)$/.exec(text) ?? [];
  if (head !== undefined) return { kind: 'head', layer: Number(layer), head: Number(head) };
  const pairs = text.split(';').map((one) => /^(\d+)\/(\d+)$/.exec(one));
  const features = pairs.flatMap((match): [number, number][] =>
    match ? [[Number(match[1]), Number(match[2])]] : [],
  );
  return features.length === pairs.length ? { kind: 'features', features } : undefined;
}

export function writeChanges(changes: Change[]): string {
  return changes.map((one) => `${one.off ? '~' : ''}${writeChange(one)}`).join(',');
}

function writeChange(change: Change): string {
  if (change.kind === 'kept') return `#${change.key}`;
  const { target, how, value, positions } = change;
  const sign = Object.keys(SIGNS).find((one) => SIGNS[one] === how);
  const where = positions && `@${positions.replaceAll(',', '.')}`;
  return `${keyOf(target)}${sign ? `${sign}${value}` : '!'}${where}`;
}

/** As it stands in the address: 2/138, 1/4;1/7 or h0.1. */
export function keyOf(target: Target): string {
  if (target.kind === 'head') return `h${target.layer}.${target.head}`;
  return target.features.map(([encoder, feature]) => `${encoder}/${feature}`).join(';');
}

/** A new change, which changes nothing yet. */
export function unchanged(target: Target): Slid {
  const how = HOWS[target.kind][0] ?? 'scale';
  return { kind: 'slid', target, how, value: START[how], positions: '', off: false };
}

/** Whether a change changes nothing as it stands. */
export function isIdle(change: Slid): boolean {
  const { how, value } = change;
  return change.off || (how === 'add' && value === 0) || (how === 'scale' && value === 1);
}

/** Ends and step of a slider, for features whose largest activation is known or not (0). */
export function rangeOf(
  kind: Target['kind'],
  how: How,
  maximum = 0,
): { min: number; max: number; step: number } {
  if (kind === 'head') return { min: 0, max: 2, step: 0.05 };
  if (how === 'scale' || how === 'ablate') return { min: -5, max: 10, step: 0.25 };
  const most = nice(2 * (maximum || 5));
  return { min: how === 'add' ? -most : 0, max: most, step: most / 100 };
}

/** The next of 1, 2, 5, 10, 20, ... */
function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((n) => n * power >= value * 0.999) ?? 10;
  return step * power;
}
