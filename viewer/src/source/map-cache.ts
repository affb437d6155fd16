import type { AtlasMap } from '../documents';
import type { Source } from './source';

const maps = new WeakMap<Source, Map<string, Promise<AtlasMap>>>();

/** The map of an atlas, fetched once: it is large, and several pages show it. */
export function mapOnce(source: Source, atlas: string): Promise<AtlasMap> {
  const known = maps.get(source) ?? new Map<string, Promise<AtlasMap>>();
  maps.set(source, known);
  const map = known.get(atlas) ?? source.atlasMap(atlas);
  known.set(atlas, map);
  map.catch(() => known.delete(atlas));
  return map;
}
