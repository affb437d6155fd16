/** Labels as they were drawn: a click on one is a click on its node. */

import type { Rectangle } from '../layout/labels';
import { type Camera, HOME } from './world';

export interface Placed {
  node: number;
  /** In pixels of the pane. */
  spot: Rectangle;
}

export class PlacedLabels {
  private labels: readonly Placed[] = [];
  private camera: Camera = HOME;

  /** @param camera that the labels were drawn for; they move and grow with it until it rests. */
  set(labels: readonly Placed[], camera: Camera): void {
    this.labels = labels;
    this.camera = camera;
  }

  /** The node whose label lies under a point of the pane; -1 where there is none. */
  nodeAt(x: number, y: number, camera: Camera): number {
    const ratio = camera.zoom / this.camera.zoom;
    const px = (x - camera.x) / ratio + this.camera.x;
    const py = (y - camera.y) / ratio + this.camera.y;
    const found = this.labels.find(
      ({ spot }) =>
        px >= spot.x && px <= spot.x + spot.width && py >= spot.y && py <= spot.y + spot.height,
    );
    return found?.node ?? -1;
  }
}
