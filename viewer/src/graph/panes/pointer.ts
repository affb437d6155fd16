/** The pointer over a drawing: drag moves, wheel zooms, click selects, Shift and drag marks. */

import { type RefObject, useEffect, useRef } from 'react';
import type { Scene } from '../draw/scene';
import { type Camera, HOME, zoomed } from '../draw/world';

const CLICK = 4;

interface Drag {
  x: number;
  y: number;
  camera: Camera;
  box: HTMLElement | null;
  moved: boolean;
}

export function usePointer(
  canvas: RefObject<HTMLCanvasElement | null>,
  scene: RefObject<Scene | null>,
  select: (node: number, more: boolean) => void,
  mark: (nodes: number[]) => void,
  moved?: (camera: Camera) => void,
): void {
  const latest = useRef({ select, mark, moved });
  useEffect(() => {
    latest.current = { select, mark, moved };
  });
  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    let drag: Drag | null = null;
    const at = (event: MouseEvent) => ({ x: event.offsetX, y: event.offsetY });
    const move = (camera: Camera) => {
      scene.current?.setCamera(camera);
      latest.current.moved?.(camera);
    };

    const down = (event: PointerEvent) => {
      if (event.button !== 0 || !scene.current) return;
      const box = event.shiftKey ? marquee(element) : null;
      drag = { ...at(event), camera: scene.current.camera, box, moved: false };
      element.setPointerCapture(event.pointerId);
    };
    const over = (event: PointerEvent) => {
      const now = at(event);
      if (!drag) {
        const node = scene.current?.nodeAt(now.x, now.y) ?? -1;
        element.style.cursor = node < 0 ? '' : 'pointer';
        return scene.current?.setHover(node);
      }
      const [dx, dy] = [now.x - drag.x, now.y - drag.y];
      if (!drag.moved && Math.hypot(dx, dy) < CLICK) return;
      drag.moved = true;
      if (drag.box) stretch(drag.box, drag, now);
      else move({ ...drag.camera, x: drag.camera.x + dx, y: drag.camera.y + dy });
    };
    const up = (event: PointerEvent) => {
      const [ended, now] = [drag, at(event)];
      drag = null;
      ended?.box?.remove();
      if (!ended || !scene.current) return;
      if (!ended.moved) latest.current.select(scene.current.nodeAt(now.x, now.y), event.shiftKey);
      else if (ended.box)
        latest.current.mark(scene.current.nodesIn(ended.x, ended.y, now.x, now.y));
    };
    const leave = () => scene.current?.setHover(-1);
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      if (!scene.current) return;
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const factor = Math.exp(-Math.max(-120, Math.min(120, event.deltaY * lines)) * 0.0022);
      move(zoomed(scene.current.camera, factor, at(event)));
    };
    const home = () => move(HOME);

    element.addEventListener('pointerdown', down);
    element.addEventListener('pointermove', over);
    element.addEventListener('pointerup', up);
    element.addEventListener('pointercancel', up);
    element.addEventListener('pointerleave', leave);
    element.addEventListener('wheel', wheel, { passive: false });
    element.addEventListener('dblclick', home);
    return () => {
      element.removeEventListener('pointerdown', down);
      element.removeEventListener('pointermove', over);
      element.removeEventListener('pointerup', up);
      element.removeEventListener('pointercancel', up);
      element.removeEventListener('pointerleave', leave);
      element.removeEventListener('wheel', wheel);
      element.removeEventListener('dblclick', home);
    };
  }, [canvas, scene]);
}

function marquee(canvas: HTMLElement): HTMLElement {
  const box = document.createElement('div');
  box.className = 'graph-marquee';
  canvas.parentElement?.append(box);
  return box;
}

function stretch(
  box: HTMLElement,
  from: { x: number; y: number },
  to: { x: number; y: number },
): void {
  Object.assign(box.style, {
    left: `${Math.min(from.x, to.x)}px`,
    top: `${Math.min(from.y, to.y)}px`,
    width: `${Math.abs(to.x - from.x)}px`,
    height: `${Math.abs(to.y - from.y)}px`,
  });
}
