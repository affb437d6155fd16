/** A pane with the drawing of a graph: pan, zoom, hover, select; React hears only of selections. */

import { type RefObject, useEffect, useImperativeHandle, useRef } from 'react';
import { useSize } from '../../components/size';
import { useColours } from '../../theme/theme';
import type { Content, Decoration } from '../draw/content';
import { paletteOf } from '../draw/palette';
import { Scene } from '../draw/scene';
import { usePointer } from './pointer';
import type { Camera } from '../draw/world';
import type { Hover } from '../state/hover';

export interface DrawingHandle {
  scene: () => Scene | null;
}

interface DrawingProps {
  content: Content;
  decoration: Decoration;
  hover: Hover;
  label: string;
  /** A node, or -1 for none; with `more` it is added to those that are marked. */
  select: (node: number, more: boolean) => void;
  mark: (nodes: number[]) => void;
  handle?: RefObject<DrawingHandle | null>;
  /** Told of every move; another drawing can be moved along. */
  moved?: (camera: Camera) => void;
}

export function Drawing(props: DrawingProps) {
  const { content, decoration, hover, label, handle, moved } = props;
  const [pane, size] = useSize<HTMLDivElement>();
  const base = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const scene = useRef<Scene | null>(null);
  const colours = useColours();
  useImperativeHandle(handle, () => ({ scene: () => scene.current }), []);
  useEffect(() => {
    if (!base.current || !over.current) return undefined;
    const frame = pane.current;
    const made = new Scene(base.current, over.current, {
      hovered: (node) => {
        hover.set(node);
        if (frame) frame.dataset.hover = node < 0 ? '' : made.nameOf(node);
      },
      drawn: () => {
        performance.mark('microtome:graph-drawn');
        if (frame) frame.dataset.drawn = 'true';
      },
    });
    scene.current = made;
    const stop = hover.subscribe((node) => made.setHover(node));
    return () => {
      stop();
      made.destroy();
      scene.current = null;
    };
  }, [hover, pane]);
  useEffect(() => scene.current?.resize(size), [size, hover]);
  useEffect(() => {
    if (colours) scene.current?.setPalette(paletteOf(colours));
  }, [colours, hover]);
  useEffect(() => scene.current?.setDecoration(decoration), [decoration, hover]);
  useEffect(() => {
    delete pane.current?.dataset.drawn;
    scene.current?.setContent(content);
  }, [content, hover, pane]);
  usePointer(over, scene, props.select, props.mark, moved);
  return (
    <div className="graph-drawing" ref={pane}>
      <canvas ref={base} aria-hidden="true" />
      <canvas ref={over} role="img" aria-label={label} />
    </div>
  );
}
