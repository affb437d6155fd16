/** Curves from the rows of metrics.jsonl, whatever was measured. */
import type { MetricsRow } from '../../documents';

export interface Curve {
  /** Empty for what is of the whole run. */
  dictionary: string;
  metric: string;
  /** Empty where the metric is not by site. */
  site: string;
  /** By row; NaN where it was not measured. */
  values: number[];
}

const AXES = new Set(['step', 'tokens', 'epoch']);

export interface Curves {
  axes: Map<string, number[]>;
  curves: Curve[];
}

/** Numbers at the top are of the run; objects are dictionaries, whose objects are by site. */
export function curvesOf(rows: readonly MetricsRow[]): Curves {
  const found = new Map<string, Curve>();
  const axes = new Map<string, number[]>();
  const put = (i: number, dictionary: string, metric: string, site: string, value: unknown) => {
    if (typeof value !== 'number') return;
    const key = JSON.stringify([dictionary, metric, site]);
    const curve = found.get(key) ?? { dictionary, metric, site, values: rows.map(() => NaN) };
    curve.values[i] = value;
    found.set(key, curve);
  };
  rows.forEach((row, i) => {
    for (const [name, value] of Object.entries(row)) {
      if (AXES.has(name) && typeof value === 'number') {
        const axis = axes.get(name) ?? rows.map(() => NaN);
        axis[i] = value;
        axes.set(name, axis);
      } else if (isObject(value)) {
        for (const [metric, inner] of Object.entries(value)) {
          if (!isObject(inner)) put(i, name, metric, '', inner);
          else for (const [site, one] of Object.entries(inner)) put(i, name, metric, site, one);
        }
      } else put(i, '', name, '', value);
    }
  });
  return { axes, curves: [...found.values()] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One curve a dictionary: means over its sites where there are several. */
export function meansOverSites(curves: readonly Curve[]): Curve[] {
  const groups = new Map<string, Curve[]>();
  for (const curve of curves) {
    groups.set(curve.dictionary, [...(groups.get(curve.dictionary) ?? []), curve]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first || group.length === 1) return group;
    const values = first.values.map(
      (_, i) => group.reduce((sum, curve) => sum + (curve.values[i] ?? NaN), 0) / group.length,
    );
    return [{ ...first, site: '', values }];
  });
}

/** What falls by factors is read on a logarithmic axis. */
const LOGARITHMIC = new Set(['loss', 'fvu', 'l0', 'learning_rate', 'sparsity']);

export function readsAsLog(metric: string, curves: readonly Curve[]): boolean {
  if (!LOGARITHMIC.has(metric)) return false;
  const values = curves.flatMap((c) => c.values).filter((v) => v > 0);
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), 0);
  return high > 4 * low;
}

const ORDER = ['loss', 'fvu', 'l0', 'dead'];

export function metricsOf(curves: readonly Curve[]): string[] {
  const rank = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  const names = [...new Set(curves.map((curve) => curve.metric))];
  return names.sort((a, b) => rank(a) - rank(b));
}
