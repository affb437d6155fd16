import type { FeaturePage } from '../documents';
import type { Source } from './source';

const KEPT = 200;
const pages = new WeakMap<Source, Map<string, Promise<FeaturePage>>>();

/** A feature's page, asked for once: hover cards come back to the same features. */
export function featureOnce(
  source: Source,
  atlas: string,
  encoder: number,
  feature: number,
): Promise<FeaturePage> {
  const known = pages.get(source) ?? new Map<string, Promise<FeaturePage>>();
  pages.set(source, known);
  const key = `${atlas}/${encoder}/${feature}`;
  const page = known.get(key) ?? source.feature(atlas, encoder, feature);
  known.delete(key); // and in again, as the most recent
  known.set(key, page);
  page.catch(() => known.delete(key));
  const [oldest] = known.keys();
  if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
  return page;
}

/** After an edit, its page is asked for anew. */
export function forgetFeature(source: Source, atlas: string, encoder: number, feature: number) {
  pages.get(source)?.delete(`${atlas}/${encoder}/${feature}`);
}
