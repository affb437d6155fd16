/** Reading X-rays: which features are active on which tokens. */
import type { XRay, XRayLayer } from './documents';

export interface Active {
  layer: XRayLayer;
  feature: number;
  value: number;
}

/** Activation of one feature on every token. */
export function activationsOf(xray: XRay, encoder: number, feature: number): number[] {
  const values = xray.tokens.map(() => 0);
  const layer = xray.layers.find((one) => one.encoder === encoder);
  if (!layer) return values;
  for (let token = 0; token < values.length; token++) {
    const [from, to] = rowOf(layer, token);
    for (let i = from; i < to; i++) {
      if (layer.features[i] === feature) values[token] = layer.values[i] ?? 0;
    }
  }
  return values;
}

/** Features of a layer on a token, the most active first. */
export function activeOn(layer: XRayLayer, token: number): Active[] {
  const [from, to] = rowOf(layer, token);
  const found: Active[] = [];
  for (let i = from; i < to; i++) {
    found.push({ layer, feature: layer.features[i] ?? 0, value: layer.values[i] ?? 0 });
  }
  return found.sort((a, b) => b.value - a.value);
}

export interface Summary extends Active {
  /** The token of the largest activation. */
  token: number;
  /** How many tokens it is active on. */
  tokens: number;
}

/** All features that are active anywhere, by their largest activation. */
export function summaries(xray: XRay): Summary[] {
  return xray.layers.flatMap(summariesOf).sort((a, b) => b.value - a.value);
}

function summariesOf(layer: XRayLayer): Summary[] {
  const found = new Map<number, Summary>();
  for (let token = 0; token + 1 < layer.offsets.length; token++) {
    const [from, to] = rowOf(layer, token);
    for (let i = from; i < to; i++) {
      const feature = layer.features[i] ?? 0;
      const value = layer.values[i] ?? 0;
      const known = found.get(feature);
      if (!known) found.set(feature, { layer, feature, value, token, tokens: 1 });
      else {
        known.tokens += 1;
        if (value > known.value) Object.assign(known, { value, token });
      }
    }
  }
  return [...found.values()];
}

export function rowOf(layer: XRayLayer, token: number): [number, number] {
  return [layer.offsets[token] ?? 0, layer.offsets[token + 1] ?? 0];
}
