import { type KeyboardEvent, type PointerEvent, useState } from 'react';

interface Readout {
  /** What the reader points at. */
  at: number | undefined;
  handlers: {
    tabIndex: 0;
    onPointerMove: (event: PointerEvent<SVGSVGElement>) => void;
    onPointerLeave: () => void;
    onKeyDown: (event: KeyboardEvent) => void;
    onBlur: () => void;
  };
}

/** Reads values off a plot, by pointer or with the arrow keys. */
export function useReadout(length: number, nearest: (x: number) => number): Readout {
  const [at, setAt] = useState<number>();
  const within = (i: number) => Math.max(0, Math.min(length - 1, i));
  return {
    at: at !== undefined && at < length ? at : undefined,
    handlers: {
      tabIndex: 0,
      onPointerMove: (event) => {
        const box = event.currentTarget.getBoundingClientRect();
        const width = event.currentTarget.viewBox.baseVal.width || box.width;
        if (length) setAt(within(nearest(((event.clientX - box.left) * width) / box.width)));
      },
      onPointerLeave: () => setAt(undefined),
      onBlur: () => setAt(undefined),
      onKeyDown: (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10 }[event.key];
        if (!step || !length) return;
        setAt((i) => within(i === undefined ? 0 : i + step));
        event.preventDefault();
      },
    },
  };
}
