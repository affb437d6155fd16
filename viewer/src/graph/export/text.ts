/** Text and lines in an SVG. */

export type Anchor = 'start' | 'middle' | 'end';

/**
 * @param halo colour around the letters, so that lines do not cross them; none where empty.
 * @param after an element behind the text, on its line.
 */
export function textElement(
  text: string,
  x: number,
  y: number,
  fill: string,
  halo: string,
  anchor: Anchor,
  style = '',
  after = '',
): string {
  const at = `x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"`;
  const around = halo ? ` stroke="${halo}" stroke-width="3" paint-order="stroke"` : '';
  return `<text ${at} fill="${fill}"${around} ${style}>${escaped(text)}${after}</text>`;
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Control characters have no place in XML, however they are written. */
export function escaped(text: string): string {
  return text
    .replace(/[&<>"]/g, (c) => ESCAPES[c] ?? c)
    .replace(/[\u0000-\u0008\u000b-\u001f\ufffe\uffff]/g, '�');
}

/** Of a line; `none` for a whole one. */
export function dashed(dash: string): string {
  return dash === 'none' ? '' : `stroke-dasharray="${dash}"`;
}
