/** One frame of the map. */
import type { ZoomTransform } from 'd3-zoom';
import type { AtlasMap } from '../../documents';
import { type Rgb, rgb } from '../../theme/rgb';
import type { Colours } from '../../theme/theme';
import { blank, type Picture, type Stamp, stampAt, stampOf } from './points';

export interface Scene {
  map: AtlasMap;
  /** Places at zoom 1, in CSS pixels. */
  x: Float32Array;
  y: Float32Array;
  /** Names of clusters at their centres. */
  clusters: readonly Named[];
  colours: readonly Rgb[];
  /** Points that stand out, where something was searched or lassoed; all others are dimmed. */
  marked: ReadonlySet<number> | undefined;
  /** The point that the reader points at or chose. */
  at: number | undefined;
  lasso: readonly [number, number][];
  theme: Colours;
  font: string;
}

/** What the points were painted for, and where. */
interface Painted {
  content: unknown[];
  transform: ZoomTransform;
  /** CSS pixels around the frame that are painted too. */
  margin: number;
}

const PIXELS_A_FRAME = 900_000;
const DIM = 0.12;
/** So many points are painted anew in every frame; more are moved as they were painted. */
const QUICK = 12_000;
const MARGIN = 0.15;
const MOST_MAGNIFIED = 2.5;

/**
 * Points as a bitmap. While the map moves the bitmap is moved and magnified with it; what lies over
 * the points is drawn anew in every frame.
 */
export class Layer {
  private bitmap = document.createElement('canvas');
  private picture: Picture = blank(1, 1);
  private shown: number[] = [];
  private radius = 1;
  private painted: Painted | undefined;

  /**
   * @param rests nobody is moving the map: its points are painted where they are now.
   * @returns whether the points were only moved; then they are to be painted when the map rests.
   */
  draw(
    context: CanvasRenderingContext2D,
    scene: Scene,
    transform: ZoomTransform,
    ratio: number,
    rests: boolean,
  ): boolean {
    const { width, height } = context.canvas;
    const { x, y, colours, marked } = scene;
    const content = [x, y, colours, marked, width, height];
    const same = this.painted?.content.every((value, i) => value === content[i]) ?? false;
    const still = same && transform === this.painted?.transform;
    const moves = same && !still && !rests && x.length > QUICK && this.covers(transform);
    if (!still && !moves) this.repaint(scene, transform, ratio, content);
    context.clearRect(0, 0, width, height);
    context.save();
    context.scale(ratio, ratio);
    this.copyTo(context, transform, ratio);
    drawLabels(context, scene, transform, this.shown);
    drawChosen(context, scene, transform, this.radius / ratio);
    drawLasso(context, scene);
    context.restore();
    return moves;
  }

  /** Whether the bitmap, moved, still fills the frame, and is not magnified beyond use. */
  private covers({ k, x, y }: ZoomTransform): boolean {
    if (!this.painted) return false;
    const { transform, margin } = this.painted;
    const ratio = k / transform.k;
    if (ratio !== 1) return ratio < MOST_MAGNIFIED && ratio > 1 / MOST_MAGNIFIED;
    return Math.abs(x - transform.x) <= margin && Math.abs(y - transform.y) <= margin;
  }

  private copyTo(context: CanvasRenderingContext2D, now: ZoomTransform, ratio: number): void {
    if (!this.painted) return;
    const { transform, margin } = this.painted;
    const by = now.k / transform.k;
    const [x, y] = [now.x - by * (transform.x + margin), now.y - by * (transform.y + margin)];
    const { width, height } = this.bitmap;
    context.drawImage(this.bitmap, x, y, (by * width) / ratio, (by * height) / ratio);
  }

  private repaint(scene: Scene, transform: ZoomTransform, ratio: number, content: unknown[]): void {
    const [width = 1, height = 1] = content.slice(-2) as number[];
    const pixels = scene.x.length > QUICK ? Math.round(MARGIN * Math.max(width, height)) : 0;
    this.clear(width + 2 * pixels, height + 2 * pixels);
    const margin = pixels / ratio;
    const inner = transform.translate(margin / transform.k, margin / transform.k);
    const { width: wide, height: high } = this.picture;
    this.shown = visible(scene, inner, wide / ratio, high / ratio);
    this.radius = radiusOf(this.shown.length) * ratio;
    drawPoints(this.picture, scene, inner, ratio, this.shown, this.radius);
    const image = new ImageData(this.picture.bytes, wide, high);
    this.bitmap.getContext('2d')?.putImageData(image, 0, 0);
    this.painted = { content, transform, margin };
  }

  private clear(width: number, height: number): void {
    if (this.picture.width === width && this.picture.height === height) {
      this.picture.bytes.fill(0);
      return;
    }
    this.picture = blank(width, height);
    this.bitmap.width = width;
    this.bitmap.height = height;
  }
}

function visible(scene: Scene, { k, x, y }: ZoomTransform, width: number, height: number) {
  const found: number[] = [];
  for (let i = 0; i < scene.x.length; i++) {
    const px = (scene.x[i] as number) * k + x;
    const py = (scene.y[i] as number) * k + y;
    if (px > -9 && py > -9 && px < width + 9 && py < height + 9) found.push(i);
  }
  return found;
}

/** So large that a frame stays quick, and that single points can be told apart. */
function radiusOf(points: number): number {
  const affordable = Math.sqrt(PIXELS_A_FRAME / Math.max(1, points) / Math.PI) - 0.5;
  const readable = points > 20_000 ? 1 : points > 4000 ? 1.8 : points > 600 ? 2.8 : 4.2;
  return Math.max(0.8, Math.min(affordable, readable));
}

function drawPoints(
  picture: Picture,
  scene: Scene,
  { k, x, y }: ZoomTransform,
  ratio: number,
  shown: number[],
  radius: number,
): void {
  const { marked } = scene;
  const put = (i: number, opacity: number, stamp: Stamp, other?: Rgb) => {
    const px = ((scene.x[i] as number) * k + x) * ratio;
    const py = ((scene.y[i] as number) * k + y) * ratio;
    const colour = other ?? scene.colours[i];
    if (colour) stampAt(picture, stamp, px, py, colour, opacity);
  };
  const usual = stampOf(radius);
  for (const i of shown) if (!marked?.has(i)) put(i, marked ? DIM : 0.75, usual);
  if (!marked) return;
  const few = marked.size <= NAMED_POINTS;
  const larger = stampOf(radius + (few ? 3 : 1) * ratio);
  const accent = few ? rgb(scene.theme.accent) : undefined;
  for (const i of shown) if (marked.has(i)) put(i, 1, larger, accent);
}

/** A ring around the point that was chosen or is pointed at. */
function drawChosen(
  context: CanvasRenderingContext2D,
  scene: Scene,
  transform: ZoomTransform,
  radius: number,
): void {
  const { at, theme } = scene;
  if (at === undefined) return;
  const [x, y] = transform.apply([scene.x[at] as number, scene.y[at] as number]);
  const [r, g, b] = scene.colours[at] ?? [0, 0, 0];
  const discs = [
    { fill: theme.ink, more: 5 },
    { fill: theme.surface, more: 3 },
    { fill: `rgb(${r}, ${g}, ${b})`, more: 1.5 },
  ];
  for (const { fill, more } of discs) {
    context.beginPath();
    context.arc(x, y, radius + more, 0, 2 * Math.PI);
    context.fillStyle = fill;
    context.fill();
  }
}

export interface Named {
  x: number;
  y: number;
  text: string;
  weight: number;
}

const NAMED_POINTS = 60;
const LABEL_LENGTH = 34;

/** Names of clusters from afar, of features from near, and of the few that were searched; none over
 * another. */
function drawLabels(
  context: CanvasRenderingContext2D,
  scene: Scene,
  transform: ZoomTransform,
  shown: number[],
): void {
  const { marked } = scene;
  const few = marked !== undefined && marked.size <= NAMED_POINTS;
  const points = few ? shown.filter((i) => marked.has(i)) : shown;
  const near = few || shown.length <= NAMED_POINTS;
  const wanted = near ? pointLabels(scene, points) : [...scene.clusters];
  const taken: Box[] = few ? points.map((i) => pointBox(scene, transform, i)) : [];
  context.font = `${near ? 400 : 600} 12.5px ${scene.font}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.lineWidth = 3.5;
  context.lineJoin = 'round';
  for (const label of wanted.sort((a, b) => b.weight - a.weight)) {
    const [x, y] = transform.apply([label.x, label.y]);
    const half = context.measureText(label.text).width / 2 + 4;
    if (x < 0 || y < 0 || x > context.canvas.clientWidth || y > context.canvas.clientHeight)
      continue;
    const left = Math.min(Math.max(x, half), context.canvas.clientWidth - half);
    // Above its point, or else below.
    const top = (near ? [y - 14, y + 15] : [y]).find(
      (place) => !taken.some((other) => overlap(boxAt(left, place, half), other)),
    );
    if (top === undefined) continue;
    taken.push(boxAt(left, top, half));
    context.strokeStyle = scene.theme.page;
    context.strokeText(label.text, left, top);
    context.fillStyle = scene.theme.ink;
    context.fillText(label.text, left, top);
  }
}

type Box = [number, number, number, number];

function boxAt(x: number, y: number, half: number): Box {
  return [x - half, y - 9, x + half, y + 9];
}

/** What a found point takes, so that no name hides it. */
function pointBox({ x, y }: Scene, transform: ZoomTransform, i: number): Box {
  const [px, py] = transform.apply([x[i] as number, y[i] as number]);
  return [px - 4, py - 4, px + 4, py + 4];
}

function overlap(a: readonly number[], b: readonly number[]): boolean {
  const [a0 = 0, a1 = 0, a2 = 0, a3 = 0] = a;
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0] = b;
  return a0 < b2 && b0 < a2 && a1 < b3 && b1 < a3;
}

function pointLabels({ map, x, y }: Scene, shown: number[]): Named[] {
  return shown.flatMap((i) => {
    const text = short(map.label[i] ?? '');
    const place = { x: x[i] as number, y: y[i] as number };
    return text ? [{ ...place, text, weight: map.density[i] ?? 0 }] : [];
  });
}

/** Clusters with a name, at the means of their members. */
export function namedClusters(map: AtlasMap, x: Float32Array, y: Float32Array): Named[] {
  const sums = new Map<number, { x: number; y: number; n: number }>();
  map.cluster.forEach((cluster, i) => {
    if (cluster < 0) return;
    const sum = sums.get(cluster) ?? { x: 0, y: 0, n: 0 };
    sum.x += x[i] as number;
    sum.y += y[i] as number;
    sum.n += 1;
    sums.set(cluster, sum);
  });
  return map.clusters.flatMap(({ cluster, label, size }) => {
    const sum = sums.get(cluster);
    if (!sum || !label) return [];
    return [{ x: sum.x / sum.n, y: sum.y / sum.n, text: short(label), weight: size }];
  });
}

function short(text: string): string {
  return text.length > LABEL_LENGTH ? `${text.slice(0, LABEL_LENGTH - 1)}…` : text;
}

function drawLasso(context: CanvasRenderingContext2D, { lasso, theme }: Scene): void {
  if (lasso.length < 2) return;
  context.beginPath();
  lasso.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
  context.fillStyle = theme.accent;
  context.globalAlpha = 0.12;
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = theme.accent;
  context.lineWidth = 1.5;
  context.setLineDash([5, 4]);
  context.stroke();
}
