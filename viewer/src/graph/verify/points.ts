/** The points of the scatter: predicted and measured effects of groups on one answer. */

import type { Verification } from '../../documents';
import type { Mode } from './words';

export type Group = Verification['groups'][number];

export interface Point {
  /** Of the group, in the order of the verification. */
  group: number;
  label: string;
  size: number;
  predicted: number;
  /** NaN where it was not measured. */
  measured: number;
  control: number;
}

/** Answers that groups were measured on, that of the largest predicted effect first. */
export function targetsOf(found: Verification, mode: Mode): string[] {
  const largest = new Map<string, number>();
  for (const { effects } of found.groups)
    for (const { target, predicted } of effects) {
      const sizes = (predicted[mode] ?? []).map(Math.abs);
      const most = Math.max(...sizes, largest.get(target) ?? 0);
      largest.set(target, most);
    }
  return [...largest].sort((a, b) => b[1] - a[1]).map(([target]) => target);
}

/** @param listed which groups are drawn. */
export function pointsOf(
  found: Verification,
  target: string,
  mode: Mode,
  listed: (group: Group) => boolean = () => true,
): Point[] {
  return found.groups.flatMap((one, group) => {
    const { label } = one;
    const effect = one.effects.find((effect) => effect.target === target);
    if (!effect || !listed(one)) return [];
    return found.sizes.map((size, i) => ({
      group,
      label,
      size,
      predicted: effect.predicted[mode]?.[i] ?? NaN,
      measured: effect.measured[mode]?.[i] ?? NaN,
      control: effect.control[mode]?.[i] ?? NaN,
    }));
  });
}

/** The range of all that is drawn, the same for both axes, so that the diagonal is one. */
export function rangeOf(points: readonly Point[], controls: boolean): [number, number] {
  const all = points
    .flatMap((p) => [p.predicted, p.measured, controls ? p.control : 0])
    .filter(Number.isFinite);
  const low = all.reduce((a, b) => Math.min(a, b), 0);
  const high = all.reduce((a, b) => Math.max(a, b), 0);
  const room = (high - low) * 0.05 || 1;
  return [low - room, high + room];
}
