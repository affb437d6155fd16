import type { XRay, XRayLayer } from '../../documents';

/** A feature as it is written: L3/127 where every encoder reads another layer, else 3/127. */
export function nameOf(xray: XRay, layer: XRayLayer, feature: number): string {
  return `${layerName(xray, layer)}/${feature}`;
}

export function layerName(xray: XRay, layer: XRayLayer): string {
  const distinct = new Set(xray.layers.map((one) => one.layer));
  const byLayer = !distinct.has(-1) && distinct.size === xray.layers.length;
  return byLayer ? `L${layer.layer}` : `${layer.encoder}`;
}

export function labelOf(xray: XRay, encoder: number, feature: number): string {
  return xray.labels[`${encoder}/${feature}`] ?? '';
}
