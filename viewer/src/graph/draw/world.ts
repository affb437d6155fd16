/** From a layout to pixels: the world at zoom 1 fills the pane; a camera moves and magnifies it. */

import type { Layout } from '../layout/across';

export interface Camera {
  zoom: number;
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

interface Track {
  /** Position or layer. */
  key: number;
  start: number;
  size: number;
}

export interface World {
  x: Float32Array;
  y: Float32Array;
  columns: Track[];
  bands: Track[];
  /** Room of one node, in pixels at zoom 1: across and up. */
  unit: Size;
  size: Size;
  /** Size of letters, in pixels. */
  text: number;
}

export const FRAME = { left: 56, right: 14, top: 26, bottom: 30 };
const MOST = { width: 64, height: 96 };
/** Panes of this width are on large screens, which are looked at from further away. */
const WIDE = 1300;
export const HOME: Camera = { zoom: 1, x: 0, y: 0 };
const LEAST_ZOOM = 0.5;
const MOST_ZOOM = 60;

export function worldOf(layout: Layout, pane: Size): World {
  const room = {
    width: Math.max(pane.width - FRAME.left - FRAME.right, 40),
    height: Math.max(pane.height - FRAME.top - FRAME.bottom, 40),
  };
  const unit = {
    width: Math.min(room.width / layout.width, MOST.width),
    height: Math.min(room.height / layout.height, MOST.height),
  };
  const left = FRAME.left + (room.width - unit.width * layout.width) / 2;
  const top = FRAME.top + (room.height - unit.height * layout.height) / 2;
  return {
    x: layout.x.map((x) => left + x * unit.width),
    y: layout.y.map((y) => top + y * unit.height),
    columns: layout.columns.map((c) => ({
      key: c.position,
      start: left + c.x * unit.width,
      size: c.width * unit.width,
    })),
    bands: layout.bands.map((b) => ({
      key: b.layer,
      start: top + b.y * unit.height,
      size: b.height * unit.height,
    })),
    unit,
    size: pane,
    text: pane.width >= WIDE ? 14 : 12,
  };
}

/** Zoom by a factor, the point under the pointer staying where it is. */
export function zoomed(camera: Camera, factor: number, at: { x: number; y: number }): Camera {
  const zoom = Math.min(Math.max(camera.zoom * factor, LEAST_ZOOM), MOST_ZOOM);
  const ratio = zoom / camera.zoom;
  return { zoom, x: at.x - (at.x - camera.x) * ratio, y: at.y - (at.y - camera.y) * ratio };
}

/** A camera that shows a point of the world inside the pane; the same where it does already. */
export function showing(camera: Camera, point: { x: number; y: number }, pane: Size): Camera {
  const x = point.x * camera.zoom + camera.x;
  const y = point.y * camera.zoom + camera.y;
  const inX = x > FRAME.left && x < pane.width - FRAME.right;
  const inY = y > FRAME.top && y < pane.height - FRAME.bottom;
  return {
    zoom: camera.zoom,
    x: inX ? camera.x : camera.x + pane.width / 2 - x,
    y: inY ? camera.y : camera.y + pane.height / 2 - y,
  };
}

/** Radius of a node's glyph, in pixels: as large as its room, within reason. */
export function radiusAt(world: World, zoom: number): number {
  const room = Math.min(world.unit.width, world.unit.height) * zoom;
  return Math.min(Math.max(room * 0.4, 1.6), world.text * 0.72);
}
