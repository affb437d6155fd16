/** Where one position of the prompt ends and the next begins. */

import type { Palette } from './palette';
import { type Camera, FRAME, type World } from './world';

export function paintGrid(
  context: CanvasRenderingContext2D,
  world: World,
  camera: Camera,
  palette: Palette,
): void {
  const { width, height } = world.size;
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  context.globalAlpha = 0.7;
  context.beginPath();
  for (const { start } of world.columns) {
    const x = Math.round(start * camera.zoom + camera.x) + 0.5;
    if (x < FRAME.left || x > width) continue;
    context.moveTo(x, 0);
    context.lineTo(x, height - FRAME.bottom);
  }
  context.stroke();
  context.globalAlpha = 1;
}
