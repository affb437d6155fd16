/**
 * A `ViewState` in an address: JSON, deflated, in the base64 of URLs. The first character says
 * how it was packed, so that a later way can be told from this one.
 */

import type { ViewState } from '../model/document';
import { START } from './view';

const DEFLATED = '1';
const LARGEST = 2 ** 22;

export async function encodeState(state: ViewState): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(onlyChanged(state)));
  return DEFLATED + toBase64(await piped(bytes, new CompressionStream('deflate-raw')));
}

/**
 * The state in an address.
 *
 * @throws Error a sentence, where the text is damaged: a link that was cut, say.
 */
export async function decodeState(text: string): Promise<ViewState> {
  const broken = new Error('The link’s state is damaged; the graph is shown as it was saved.');
  if (!text.startsWith(DEFLATED)) throw broken;
  let value: unknown;
  try {
    const bytes = await piped(fromBase64(text.slice(1)), new DecompressionStream('deflate-raw'));
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw broken;
  }
  const state = checked(value);
  if (!state) throw broken;
  return state;
}

/** What differs from the start alone: links stay short. */
function onlyChanged(state: ViewState): Partial<ViewState> {
  const different = Object.entries(state).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(START[key as keyof ViewState]),
  );
  return Object.fromEntries(different) as Partial<ViewState>;
}

const isText = (v: unknown): v is string => typeof v === 'string';
const isTexts = (v: unknown): v is string[] => Array.isArray(v) && v.every(isText);
const isShare = (v: unknown): v is number => typeof v === 'number' && v >= 0 && v <= 1;
const isPlace = (v: unknown) => Array.isArray(v) && v.length === 2 && v.every(Number.isFinite);
const isObject = (v: unknown): v is Record<string, unknown> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);
const isSupernode = (v: unknown) =>
  isObject(v) && isText(v.id) && isText(v.label) && isTexts(v.members);

const FITS: Record<keyof ViewState, (value: unknown) => boolean> = {
  selected: (v) => v === null || isText(v),
  pinned: isTexts,
  supernodes: (v) => Array.isArray(v) && v.every(isSupernode),
  node_threshold: isShare,
  edge_threshold: isShare,
  hidden: isTexts,
  places: (v) => isObject(v) && Object.values(v).every(isPlace),
  notes: isText,
};

/** A whole state of what an address or a file holds; null where a part is not what it should be. */
export function checked(value: unknown): ViewState | null {
  if (!isObject(value)) return null;
  const known = Object.entries(value).filter(([key]) => key in FITS);
  const fits = known.every(([key, part]) => FITS[key as keyof ViewState](part));
  return fits ? { ...START, ...(Object.fromEntries(known) as Partial<ViewState>) } : null;
}

async function piped(
  bytes: Uint8Array<ArrayBuffer>,
  through: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const writer = through.writable.getWriter();
  // errors come out at the reading end; this promise's would be reported twice
  void writer.write(bytes).catch(() => undefined);
  void writer.close().catch(() => undefined);
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = through.readable.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length;
    if (size > LARGEST) throw new Error('too large');
    parts.push(next.value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function toBase64(bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}
