/** How wide text will be, before anything is drawn: of the wider ones among system fonts. */

/** Of the font's size. */
const USUAL = 0.63;

const CLASSES: readonly [RegExp, number][] = [
  [/[ilj|'‘’!]/, 0.3],
  [/[\s.,:;/\\()[\]ft]/, 0.37],
  [/[r–-]/, 0.47],
  [/[ckosvxyz“”"]/, 0.57],
  [/[A-Z+=<>−#&]/, 0.72],
  [/[mwMW…⇒%@—]/, 0.97],
];

/** @param size of the font, in pixels. */
export function textWidth(text: string, size: number): number {
  let sum = 0;
  for (const character of text)
    sum += CLASSES.find(([of]) => of.test(character))?.[1] ?? (isWide(character) ? 1 : USUAL);
  return sum * size;
}

/** Chinese, Japanese, Korean, pictures. */
function isWide(character: string): boolean {
  return (character.codePointAt(0) ?? 0) > 0x2e80;
}
