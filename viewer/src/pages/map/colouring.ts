import { scaleLog } from 'd3-scale';
import { interpolateViridis, schemeTableau10 } from 'd3-scale-chromatic';
import type { AtlasMap } from '../../documents';
import { share } from '../../format';
import { type Rgb, rgb } from '../../theme/rgb';

export const COLOURINGS = ['cluster', 'density', 'layer'] as const;
export type ColouringName = (typeof COLOURINGS)[number];

interface LegendItem {
  colour: string;
  text: string;
  /** Points of it. */
  size?: number;
}

export interface Colouring {
  /** By index of the point. */
  colours: Rgb[];
  legend: LegendItem[];
  /** Whether the legend is a scale from its first to its last item. */
  scale: boolean;
}

/** Without grey, which is for points in no cluster. */
const COLOURS = schemeTableau10.slice(0, 9);

/** Colours of all points by what the reader chose; viridis keeps its order without colour vision. */
export function colouringOf(
  map: AtlasMap,
  name: ColouringName,
  dark: boolean,
  faint: string,
): Colouring {
  if (name === 'density') return byDensity(map, dark, faint);
  return name === 'layer' ? byLayer(map, dark) : byCluster(map, faint);
}

/** Clusters, unless there are so few that their colours say nothing. */
export function usualColouring(map: AtlasMap): ColouringName {
  return map.clusters.length > 3 ? 'cluster' : 'density';
}

/** The part of viridis that stands out from the page. */
function viridis(t: number, dark: boolean): string {
  return hexToRgb(interpolateViridis(dark ? 0.2 + 0.8 * t : 0.88 * t));
}

function byDensity(map: AtlasMap, dark: boolean, faint: string): Colouring {
  const positive = map.density.filter((d) => d > 0);
  const [low, high] = [least(positive), most(positive)];
  const scale = scaleLog([low, Math.max(high, low * 1.01)], [0, 1]).clamp(true);
  const table = Array.from({ length: 64 }, (_, i) => rgb(viridis(i / 63, dark)));
  const dead = rgb(faint);
  return {
    colours: map.density.map((d) => (d > 0 ? (table[Math.round(63 * scale(d))] ?? dead) : dead)),
    legend: [0, 0.25, 0.5, 0.75, 1].map((t) => ({
      colour: viridis(t, dark),
      text: share(scale.invert(t)),
    })),
    scale: true,
  };
}

function byLayer(map: AtlasMap, dark: boolean): Colouring {
  const layers = [...new Set(map.layer)].sort((a, b) => a - b);
  const colourOf = new Map(
    layers.map((layer, i) => [layer, viridis(i / Math.max(1, layers.length - 1), dark)]),
  );
  const bytes = new Map([...colourOf].map(([layer, colour]) => [layer, rgb(colour)]));
  return {
    colours: map.layer.map((layer) => bytes.get(layer) ?? [0, 0, 0]),
    legend: layers.map((layer) => ({
      colour: colourOf.get(layer) ?? '',
      text: layer < 0 ? 'no layer' : `layer ${layer}`,
    })),
    scale: false,
  };
}

function byCluster(map: AtlasMap, faint: string): Colouring {
  const bySize = map.clusters.toSorted((a, b) => b.size - a.size);
  // The largest have a colour each; with more clusters than colours the others share them.
  const rank = new Map(bySize.map(({ cluster }, i) => [cluster, i]));
  const colourOf = (cluster: number) =>
    cluster < 0 ? faint : hexToRgb(COLOURS[(rank.get(cluster) ?? 0) % COLOURS.length] ?? '#888888');
  const bytes = new Map([...new Set(map.cluster)].map((c) => [c, rgb(colourOf(c))]));
  const lonely = map.cluster.filter((cluster) => cluster < 0).length;
  return {
    colours: map.cluster.map((cluster) => bytes.get(cluster) ?? [0, 0, 0]),
    legend: [
      ...bySize.slice(0, COLOURS.length).map(({ cluster, label, size }) => ({
        colour: colourOf(cluster),
        text: label || `cluster ${cluster}`,
        size,
      })),
      ...(lonely ? [{ colour: faint, text: 'in no cluster', size: lonely }] : []),
    ],
    scale: false,
  };
}

function hexToRgb(text: string): string {
  const hex = /^#(..)(..)(..)$/.exec(text);
  if (!hex) return text;
  return `rgb(${hex
    .slice(1)
    .map((part) => parseInt(part, 16))
    .join(', ')})`;
}

function least(values: number[]): number {
  return values.reduce((a, b) => Math.min(a, b), values[0] ?? 1e-6);
}

function most(values: number[]): number {
  return values.reduce((a, b) => Math.max(a, b), values[0] ?? 1);
}
