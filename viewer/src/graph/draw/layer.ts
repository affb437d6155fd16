/**
 * A drawing kept as a bitmap somewhat larger than the pane, with the camera it was made for.
 *
 * While the camera moves the bitmap is moved and magnified with it; when it rests the drawing is
 * made anew, in slices, on a second bitmap that then takes the first one's place.
 */

import type { Camera, Size } from './world';

const MARGIN = 0.15;

/** One slice of a drawing; whether there is more to draw. */
export type Slice = (
  context: CanvasRenderingContext2D,
  camera: Camera,
  frame: Size,
  until: number,
) => boolean;

export class Layer {
  private shown = document.createElement('canvas');
  private next = document.createElement('canvas');
  private camera: Camera | null = null;
  private waiting = 0;
  private size: Size = { width: 1, height: 1 };
  private ratio = 1;

  resize(size: Size, ratio: number): void {
    this.size = size;
    this.ratio = ratio;
    this.camera = null;
  }

  /** Draw at once. */
  draw(camera: Camera, slice: Slice): void {
    this.stop();
    const { context, frame, inner } = this.begin(camera);
    while (slice(context, inner, frame, Infinity));
    this.finish(camera);
  }

  /**
   * Draw in slices of some milliseconds, then call back.
   *
   */
  drawSlowly(
    camera: Camera,
    slice: Slice,
    budget: number,
    changed: () => void,
    done: () => void,
  ): void {
    this.stop();
    const { context, frame, inner } = this.begin(camera);
    const step = () => {
      const more = slice(context, inner, frame, performance.now() + budget);
      flush(this.next);
      if (more) {
        this.waiting = window.setTimeout(step, 0);
        return;
      }
      this.waiting = 0;
      this.finish(camera);
      changed();
      done();
    };
    step();
  }

  stop(): void {
    window.clearTimeout(this.waiting);
    this.waiting = 0;
  }

  get busy(): boolean {
    return this.waiting !== 0;
  }

  /** Copy to a canvas, moved to where the camera is now. */
  copyTo(context: CanvasRenderingContext2D, camera: Camera): void {
    if (!this.camera) return;
    const ratio = camera.zoom / this.camera.zoom;
    const { left, top } = this.margin();
    const x = camera.x - (this.camera.x + left) * ratio;
    const y = camera.y - (this.camera.y + top) * ratio;
    const width = (this.shown.width / this.ratio) * ratio;
    const height = (this.shown.height / this.ratio) * ratio;
    context.imageSmoothingEnabled = ratio !== 1;
    // whole pixels, so that a moved bitmap stays as sharp as it was drawn
    const [px, py] = ratio === 1 ? [Math.round(x), Math.round(y)] : [x, y];
    context.drawImage(this.shown, px, py, width, height);
  }

  private margin() {
    return {
      left: Math.round(this.size.width * MARGIN),
      top: Math.round(this.size.height * MARGIN),
    };
  }

  private begin(camera: Camera) {
    const { left, top } = this.margin();
    const frame = { width: this.size.width + 2 * left, height: this.size.height + 2 * top };
    const canvas = this.next;
    canvas.width = Math.max(1, Math.round(frame.width * this.ratio));
    canvas.height = Math.max(1, Math.round(frame.height * this.ratio));
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    const inner = { zoom: camera.zoom, x: camera.x + left, y: camera.y + top };
    return { context, frame, inner };
  }

  private finish(camera: Camera): void {
    [this.shown, this.next] = [this.next, this.shown];
    this.camera = camera;
  }
}

const scratch = document.createElement('canvas');
scratch.width = scratch.height = 1;

/** Have what was recorded drawn now: left to pile up, it would all be drawn in one long frame. */
function flush(canvas: HTMLCanvasElement): void {
  scratch.getContext('2d')?.drawImage(canvas, 0, 0, 1, 1, 0, 0, 1, 1);
}
