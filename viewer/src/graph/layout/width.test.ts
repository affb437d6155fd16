import { describe, expect, it } from 'vitest';
import { type Box, wordsIn } from './layered';
import { textWidth } from './width';

const box = (width: number, height = 40): Box => ({ x: 0, y: 0, width, height });
const words = { label: 'first ends in 5, 6, 7, 8 or 9', note: '3 nodes' };

describe('the width of text', () => {
  it('is that of its letters', () => {
    expect(textWidth('iiii', 10)).toBeLessThan(textWidth('mm', 10));
    expect(textWidth('数字', 10)).toBe(20);
    expect(textWidth('', 10)).toBe(0);
  });

  it('decides what a box says', () => {
    expect(wordsIn(box(260), words)).toEqual(words);
    const cut = wordsIn(box(120), words);
    expect(cut.label).toMatch(/^first ends.*…$/);
    expect(textWidth(cut.label, 12.5)).toBeLessThanOrEqual(120);
    expect(cut.note).toBe(words.note);
    expect(wordsIn(box(300, 26), words)).toEqual(words);
    expect(wordsIn(box(215, 26), words)).toEqual({ label: words.label, note: '' });
  });
});
