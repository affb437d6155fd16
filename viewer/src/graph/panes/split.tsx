/** Two panes and the bar between them, which the pointer and the arrow keys move. */

import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from 'react';

interface SplitProps {
  /** `row`: side by side. */
  direction: 'row' | 'column';
  /** Share of the first pane at the start, 0 to 1. */
  start: number;
  label: string;
  children: [ReactNode, ReactNode];
  /** Only this one is shown. */
  only?: 0 | 1 | null;
}

const LEAST = 0.12;

export function Split({ direction, start, label, children, only = null }: SplitProps) {
  const [share, setShare] = useState(start);
  const frame = useRef<HTMLDivElement>(null);
  const set = (value: number) => setShare(Math.min(Math.max(value, LEAST), 1 - LEAST));
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId) || !frame.current) return;
    const box = frame.current.getBoundingClientRect();
    set(
      direction === 'row'
        ? (event.clientX - box.left) / box.width
        : (event.clientY - box.top) / box.height,
    );
  };
  const key = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -0.03, ArrowUp: -0.03, ArrowRight: 0.03, ArrowDown: 0.03 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    set(share + step);
  };
  const part = (i: 0 | 1) => ({
    style: { flex: only === null ? (i ? 1 - share : share) : 1 },
    hidden: only !== null && only !== i,
  });
  return (
    <div className={`split ${direction}`} ref={frame}>
      <div className="split-part" {...part(0)}>
        {children[0]}
      </div>
      <div
        className="split-bar"
        role="separator"
        tabIndex={0}
        hidden={only !== null}
        aria-label={label}
        aria-orientation={direction === 'row' ? 'vertical' : 'horizontal'}
        aria-valuenow={Math.round(share * 100)}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={drag}
        onDoubleClick={() => set(start)}
        onKeyDown={key}
      />
      <div className="split-part" {...part(1)}>
        {children[1]}
      </div>
    </div>
  );
}
