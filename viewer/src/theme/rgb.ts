/** Colours as bytes, for canvases that are drawn pixel by pixel. */
export type Rgb = readonly [number, number, number];

/** Of `rgb(1, 2, 3)` or `rgba(...)`, as `getComputedStyle` writes colours. */
export function rgb(text: string): Rgb {
  const [r = 0, g = 0, b = 0] = (text.match(/[\d.]+/g) ?? []).map(Number);
  return [r, g, b];
}

/** From one colour (0) to another (1), opaque. */
export function mix(low: Rgb, high: Rgb, t: number): [number, number, number, 255] {
  const at = (a: number, b: number) => Math.round(a + t * (b - a));
  return [at(low[0], high[0]), at(low[1], high[1]), at(low[2], high[2]), 255];
}
