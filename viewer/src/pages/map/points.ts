/** Drawing many points into the bytes of a canvas: quick enough for hundreds of thousands. */
import type { Rgb } from '../../theme/rgb';

export interface Picture {
  width: number;
  height: number;
  bytes: Uint8ClampedArray<ArrayBuffer>;
}

export function blank(width: number, height: number): Picture {
  return { width, height, bytes: new Uint8ClampedArray(4 * width * height) };
}

/** A disc as pixels: how much of each is covered, from 0 to 256. */
export interface Stamp {
  radius: number;
  dx: Int16Array;
  dy: Int16Array;
  cover: Uint16Array;
}

export function stampOf(radius: number): Stamp {
  const reach = Math.ceil(radius);
  const found: [number, number, number][] = [];
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const covered = Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(dx, dy)));
      if (covered > 0) found.push([dx, dy, Math.round(256 * covered)]);
    }
  }
  return {
    radius: reach,
    dx: Int16Array.from(found, (f) => f[0]),
    dy: Int16Array.from(found, (f) => f[1]),
    cover: Uint16Array.from(found, (f) => f[2]),
  };
}

/** Lays a stamp over what is there; `opacity` from 0 to 1. Points outside are left out. */
export function stampAt(
  picture: Picture,
  stamp: Stamp,
  x: number,
  y: number,
  colour: Rgb,
  opacity: number,
): void {
  const { width, height, bytes } = picture;
  const { radius, dx, dy, cover } = stamp;
  const [cx, cy] = [Math.round(x), Math.round(y)];
  if (cx < -radius || cy < -radius || cx >= width + radius || cy >= height + radius) return;
  const [r, g, b] = colour;
  for (let k = 0; k < cover.length; k++) {
    const px = cx + (dx[k] as number);
    const py = cy + (dy[k] as number);
    if (px < 0 || py < 0 || px >= width || py >= height) continue;
    const i = 4 * (py * width + px);
    const front = ((cover[k] as number) / 256) * opacity;
    if (bytes[i + 3] === 0) {
      bytes[i] = r;
      bytes[i + 1] = g;
      bytes[i + 2] = b;
      bytes[i + 3] = 255 * front;
      continue;
    }
    const behind = ((bytes[i + 3] as number) / 255) * (1 - front);
    const total = front + behind;
    bytes[i] = (r * front + (bytes[i] as number) * behind) / total;
    bytes[i + 1] = (g * front + (bytes[i + 1] as number) * behind) / total;
    bytes[i + 2] = (b * front + (bytes[i + 2] as number) * behind) / total;
    bytes[i + 3] = 255 * total;
  }
}

interface Extent {
  x: [number, number];
  y: [number, number];
}

export function extentOf(x: readonly number[], y: readonly number[]): Extent {
  return { x: bounds(x), y: bounds(y) };
}

function bounds(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low < high ? [low, high] : [low - 1, low + 1];
}

/** The map fitted into a frame, with both axes to one scale: x and y of the picture. */
export function fit(extent: Extent, width: number, height: number, margin: number) {
  const [x0, x1] = extent.x;
  const [y0, y1] = extent.y;
  const scale = Math.min((width - 2 * margin) / (x1 - x0), (height - 2 * margin) / (y1 - y0));
  const left = (width - scale * (x1 - x0)) / 2;
  const top = (height - scale * (y1 - y0)) / 2;
  return {
    x: (value: number) => left + scale * (value - x0),
    y: (value: number) => height - top - scale * (value - y0),
  };
}
