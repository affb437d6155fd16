/**
 * The drawing of a graph in a pane: two canvases, one for the graph and one for what follows the
 * pointer. Edges and nodes are kept as bitmaps; a move of the camera copies them, a move of the
 * pointer draws one node's edges. Nothing here knows React.
 */

import { quadtree, type Quadtree } from 'd3-quadtree';
import { type Content, type Decoration, PLAIN } from './content';
import { paintEdges } from './edges';
import { Layer, type Slice } from './layer';
import { paintGrid } from './grid';
import { paintAxes, paintLabels, paintNodes, placeOf } from './nodes';
import { type Focus, paintFocus, paintHover, paintPill } from './overlay';
import type { Palette } from './palette';
import { PlacedLabels } from './placed';
import {
  type Camera,
  FRAME,
  HOME,
  radiusAt,
  showing,
  type Size,
  type World,
  worldOf,
} from './world';

const REST_MS = 110;
const REACH = 14;
/** Milliseconds a slice may take: while nothing is drawn yet, and while somebody may be moving. */
const FIRST_SLICE = 60;
const LATER_SLICE = 7;
const PER_CLOCK = 400;

interface SceneEvents {
  hovered: (node: number) => void;
  /** All edges and nodes are drawn, for the first time since the content changed. */
  drawn: () => void;
}

export class Scene {
  private content: Content | null = null;
  private decoration: Decoration = PLAIN;
  private palette: Palette | null = null;
  private world: World | null = null;
  private tree: Quadtree<number> | null = null;
  private edges = new Layer();
  private nodes = new Layer();
  private labels = new PlacedLabels();
  private base: CanvasRenderingContext2D;
  private over: CanvasRenderingContext2D;
  private size: Size = { width: 0, height: 0 };
  private frame = 0;
  private overFrame = 0;
  private rest = 0;
  private fresh = true;
  private hover = -1;
  camera: Camera = HOME;

  constructor(
    private readonly baseCanvas: HTMLCanvasElement,
    private readonly overCanvas: HTMLCanvasElement,
    private readonly events: SceneEvents,
  ) {
    this.base = baseCanvas.getContext('2d') as CanvasRenderingContext2D;
    this.over = overCanvas.getContext('2d') as CanvasRenderingContext2D;
  }

  destroy(): void {
    this.edges.stop();
    this.nodes.stop();
    cancelAnimationFrame(this.frame);
    cancelAnimationFrame(this.overFrame);
    window.clearTimeout(this.rest);
  }

  setContent(content: Content): void {
    this.content = content;
    this.fresh = true;
    this.hover = -1;
    this.rebuild();
  }

  setDecoration(decoration: Decoration): void {
    const before = this.decoration;
    this.decoration = decoration;
    const same =
      before.selected < 0 === decoration.selected < 0 &&
      before.pinned === decoration.pinned &&
      before.groups === decoration.groups &&
      before.effect === decoration.effect &&
      before.marked === decoration.marked &&
      before.unmatched === decoration.unmatched;
    if (!same) this.redrawNodes();
    this.show();
  }

  setPalette(palette: Palette): void {
    this.palette = palette;
    this.rebuild();
  }

  resize(size: Size): void {
    if (size.width === this.size.width && size.height === this.size.height) return;
    this.size = size;
    const ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.baseCanvas, this.overCanvas]) {
      canvas.width = Math.round(size.width * ratio);
      canvas.height = Math.round(size.height * ratio);
    }
    this.edges.resize(size, ratio);
    this.nodes.resize(size, ratio);
    for (const context of [this.base, this.over]) context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.rebuild();
  }

  setCamera(camera: Camera): void {
    this.camera = camera;
    this.show();
    this.restLater();
  }

  /** Move so that a node is in the pane. */
  reveal(node: number): void {
    if (!this.world) return;
    const point = { x: this.world.x[node] as number, y: this.world.y[node] as number };
    if (Number.isNaN(point.x)) return;
    const camera = showing(this.camera, point, this.size);
    if (camera.x !== this.camera.x || camera.y !== this.camera.y) this.setCamera(camera);
  }

  /** What an export needs to draw the same again. */
  get pane(): { size: Size; camera: Camera } {
    return { size: this.size, camera: this.camera };
  }

  /** The node under a point of the pane, or the one whose label lies there; -1 without one. */
  nodeAt(x: number, y: number): number {
    const { tree, world, content, camera } = this;
    if (!tree || !world || !content) return -1;
    const { zoom } = camera;
    const reach = Math.max(REACH, radiusAt(world, zoom) + 4) / zoom;
    const near = tree.find((x - camera.x) / zoom, (y - camera.y) / zoom, reach) ?? -1;
    if (near >= 0) {
      const at = placeOf(content, world, camera, near);
      if (Math.hypot(at.x - x, at.y - y) <= at.radius + 3) return near;
    }
    // beside a node, a label means more than being near
    const labelled = this.labels.nodeAt(x, y, camera);
    return labelled >= 0 ? labelled : near;
  }

  nameOf(node: number): string {
    return this.content?.model.document.nodes.id[node] ?? '';
  }

  /** Nodes inside a rectangle of the pane. */
  nodesIn(x0: number, y0: number, x1: number, y1: number): number[] {
    const { world, content, camera } = this;
    if (!world || !content) return [];
    const { zoom, x, y } = camera;
    const within = (value: number, a: number, b: number) =>
      value >= Math.min(a, b) && value <= Math.max(a, b);
    return Array.from(content.shown.keys()).filter(
      (node) =>
        content.shown[node] &&
        within((world.x[node] as number) * zoom + x, x0, x1) &&
        within((world.y[node] as number) * zoom + y, y0, y1),
    );
  }

  setHover(node: number): void {
    if (node === this.hover) return;
    this.hover = node;
    this.events.hovered(node);
    cancelAnimationFrame(this.overFrame);
    this.overFrame = requestAnimationFrame(() => this.paintOver());
  }

  private rebuild(): void {
    const { content, palette, size } = this;
    if (!content || !palette || size.width < 2 || size.height < 2) return;
    const world = worldOf(content.layout, size);
    this.world = world;
    this.tree = quadtree<number>()
      .x((node) => world.x[node] as number)
      .y((node) => world.y[node] as number)
      .addAll(Array.from(content.shown.keys()).filter((node) => content.shown[node]));
    // content, colours and size come one after another: one drawing for all
    this.edges.stop();
    window.clearTimeout(this.rest);
    this.rest = window.setTimeout(() => this.redraw(), 0);
  }

  private restLater(): void {
    this.edges.stop();
    window.clearTimeout(this.rest);
    this.rest = window.setTimeout(() => this.redraw(), REST_MS);
  }

  private redraw(): void {
    window.clearTimeout(this.rest);
    if (!this.content || !this.palette || !this.world) return;
    this.redrawNodes();
    const budget = this.fresh ? FIRST_SLICE : LATER_SLICE;
    this.edges.drawSlowly(
      this.camera,
      this.edgeSlice(),
      budget,
      () => this.show(),
      () => this.finished(),
    );
  }

  private finished(): void {
    if (!this.fresh) return;
    this.fresh = false;
    // once the frame that shows the drawing has been painted
    requestAnimationFrame(() => window.setTimeout(() => this.events.drawn(), 0));
  }

  private edgeSlice(): Slice {
    const { content, palette, world } = this;
    let at = 0;
    return (context, camera, frame, until) => {
      if (!content || !palette || !world) return false;
      const { list, model } = content;
      do {
        const to = Math.min(at + PER_CLOCK, list.edges.length);
        paintEdges(context, model, world, camera, list, at, to, palette, frame);
        at = to;
      } while (at < list.edges.length && performance.now() < until);
      return at < list.edges.length;
    };
  }

  private redrawNodes(): void {
    const { content, palette, world, decoration } = this;
    if (!content || !palette || !world) return;
    const { width, height } = this.size;
    this.labels.set([], this.camera);
    this.nodes.draw(this.camera, (context, camera, frame) => {
      paintNodes(context, content, decoration, world, camera, palette, frame);
      if (decoration.selected >= 0) return false; // its inputs and outputs are labelled instead
      const left = (frame.width - width) / 2 + FRAME.left - 8;
      const top = (frame.height - height) / 2;
      const inner = {
        x: left,
        y: top + 2,
        width: width - FRAME.left + 8,
        height: height - FRAME.bottom + 4,
      };
      const placed = paintLabels(context, content, decoration, world, camera, palette, inner);
      const [dx, dy] = [camera.x - this.camera.x, camera.y - this.camera.y];
      const inPane = placed.map(({ node, spot }) => ({
        node,
        spot: { ...spot, x: spot.x - dx, y: spot.y - dy },
      }));
      this.labels.set(inPane, this.camera);
      return false;
    });
  }

  /** Copy the bitmaps in the next frame. */
  private show(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const { base, content, palette, world, size, decoration } = this;
      if (!content || !palette || !world) return;
      base.clearRect(0, 0, size.width, size.height);
      paintGrid(base, world, this.camera, palette);
      const stepsBack = decoration.selected >= 0;
      base.globalAlpha = stepsBack ? 0.25 : 1;
      this.edges.copyTo(base, this.camera);
      base.globalAlpha = stepsBack ? 0.55 : 1;
      this.nodes.copyTo(base, this.camera);
      base.globalAlpha = 1;
      if (stepsBack && content.shown[decoration.selected]) {
        const focus = this.focus(content, palette, world);
        this.labels.set(paintFocus(base, focus, decoration.selected), this.camera);
      }
      paintAxes(base, content, world, this.camera, palette);
      this.paintOver();
    });
  }

  private paintOver(): void {
    const { over, content, palette, world, size, hover } = this;
    over.clearRect(0, 0, size.width, size.height);
    if (!content || !palette || !world || hover < 0 || !content.shown[hover]) return;
    const focus = this.focus(content, palette, world);
    paintHover(over, focus, hover);
    paintPill(over, focus, hover);
  }

  private focus(content: Content, palette: Palette, world: World): Focus {
    return { content, palette, world, camera: this.camera, decoration: this.decoration };
  }
}
