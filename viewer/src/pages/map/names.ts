import type { AtlasMap } from '../../documents';

const written = new WeakMap<AtlasMap, boolean>();

/** A feature as it is written: L3/127 where every encoder reads another layer, else 3/127. */
export function nameOf(map: AtlasMap, index: number): string {
  const [encoder, layer] = [map.encoder[index] ?? 0, map.layer[index] ?? -1];
  const feature = map.feature[index] ?? 0;
  return byLayer(map) ? `L${layer}/${feature}` : `${encoder}/${feature}`;
}

function byLayer(map: AtlasMap): boolean {
  const known = written.get(map);
  if (known !== undefined) return known;
  const layers = new Map(map.encoder.map((encoder, i) => [encoder, map.layer[i] ?? -1]));
  const distinct = new Set(layers.values());
  const answer = !distinct.has(-1) && distinct.size === layers.size;
  written.set(map, answer);
  return answer;
}
