/** Which labels fit: greedy, most important first, none over another. */

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Wanted {
  /** Of the glyph that is labelled. */
  x: number;
  y: number;
  radius: number;
  width: number;
  height: number;
}

const MARGIN = 2;
const CELL = 64;

/** Rectangles taken, found by the cells of a grid that they touch. */
export class Taken {
  private readonly cells = new Map<string, Rectangle[]>();

  add(rectangle: Rectangle): void {
    for (const key of keys(rectangle)) {
      const cell = this.cells.get(key);
      if (cell) cell.push(rectangle);
      else this.cells.set(key, [rectangle]);
    }
  }

  hits(rectangle: Rectangle): boolean {
    for (const key of keys(rectangle))
      if (this.cells.get(key)?.some((other) => overlap(rectangle, other))) return true;
    return false;
  }
}

function* keys({ x, y, width, height }: Rectangle): Generator<string> {
  for (let i = Math.floor(x / CELL); i <= Math.floor((x + width) / CELL); i++)
    for (let j = Math.floor(y / CELL); j <= Math.floor((y + height) / CELL); j++) yield `${i} ${j}`;
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** Above, right, left, below a glyph: the first free place inside the frame; null without one. */
export function fit(wanted: Wanted, frame: Rectangle, taken: Taken): Rectangle | null {
  const { x, y, radius, width, height } = wanted;
  const aside = radius + MARGIN;
  const corners: [number, number][] = [
    [x - width / 2, y - aside - height],
    [x + aside, y - height / 2],
    [x - aside - width, y - height / 2],
    [x - width / 2, y + aside],
  ];
  for (const [left, top] of corners) {
    const spot = { x: left, y: top, width, height };
    if (inside(spot, frame) && !taken.hits(spot)) {
      taken.add(spot);
      return spot;
    }
  }
  return null;
}

function inside(a: Rectangle, frame: Rectangle): boolean {
  return (
    a.x >= frame.x &&
    a.y >= frame.y &&
    a.x + a.width <= frame.x + frame.width &&
    a.y + a.height <= frame.y + frame.height
  );
}
