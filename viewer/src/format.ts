/** How figures are written. */
import { format } from 'd3-format';

const grouped = format(',d');
const short = format('.3~s');
const two = format('.2~r');
const three = format('.3~g');

export function count(value: number): string {
  return Math.abs(value) < 100_000 ? grouped(value) : short(value).replace('G', 'B');
}

/** Three significant digits: 0.00123 as 0.00123, 1234.5 as 1,230. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1000) return count(Math.round(value));
  if (size > 0 && size < 0.001) return value.toExponential(1).replace('-', '−');
  return three(value).replace('-', '−');
}

/** A share as per cent, or as "1 in 20,000" where per cent would be all zeros. */
export function share(value: number): string {
  if (value <= 0) return '0%';
  if (value >= 0.0005) return `${three(value * 100)}%`;
  return `1 in ${count(Math.round(1 / value))}`;
}

/** A share as per cent with two significant digits, however small: for columns of shares. */
export function percent(value: number): string {
  return `${two(value * 100)}%`;
}

/** With its sign, so that colour is not all that tells. */
export function signed(value: number): string {
  return value > 0 ? `+${figure(value)}` : figure(value);
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

export function bytes(value: number): string {
  const power = Math.min(UNITS.length - 1, value > 0 ? Math.floor(Math.log10(value) / 3) : 0);
  return `${three(value / 1000 ** power)} ${UNITS[power]}`;
}

/** A token as it can be seen: line breaks and tabs as signs, a leading space as an open box. */
export function visibleToken(text: string): string {
  const shown = text.replaceAll('\n', '⏎').replaceAll('\t', '⇥');
  return shown.trim() === '' && shown ? shown.replaceAll(' ', '␣') : shown;
}

const ago = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/** How long ago, of an ISO date; empty where there is none. */
export function since(iso: string, now = Date.now()): string {
  const then = Date.parse(iso);
  if (Number.isNaN(then)) return '';
  const seconds = (then - now) / 1000;
  const step = STEPS.find(([, length]) => Math.abs(seconds) >= length);
  return step ? ago.format(Math.round(seconds / step[1]), step[0]) : 'just now';
}
