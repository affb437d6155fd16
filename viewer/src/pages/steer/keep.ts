/** Changes that the address cannot hold: as long as the page is open, by what they are. */
import type { Intervention } from '../../documents';

const kept = new Map<string, Intervention>();

/** Remembers a change; the same one has the same key, so that a recipe can be opened again. */
export function keep(intervention: Intervention): string {
  const text = JSON.stringify(intervention);
  const key = `${hash(text)}${text.length.toString(36)}`;
  kept.set(key, intervention);
  return key;
}

/** Undefined where the page was loaded anew since. */
export function keptAs(key: string): Intervention | undefined {
  return kept.get(key);
}

/** FNV-1a, 32 bits. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return (value >>> 0).toString(36);
}
