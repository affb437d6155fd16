import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import './virtual-list.css';

interface VirtualListProps {
  length: number;
  /** Of a row in pixels. */
  rowHeight: number;
  label: string;
  row: (index: number) => ReactNode;
  /** Rows that are on screen, from and to: to fetch them. */
  visible?: (from: number, to: number) => void;
  open?: (index: number) => void;
  /** A click anywhere on a row opens it, too; links and buttons in it keep their own meaning. */
  opensOnClick?: boolean;
  /** The row that the keys stand on. */
  moved?: (index: number) => void;
}

const SPARE = 8;

/** A list of any length, of which the visible rows are drawn; arrow keys move, Enter opens. */
export function VirtualList(props: VirtualListProps) {
  const { length, rowHeight, label, row, visible, open, opensOnClick = false, moved } = props;
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const [at, setAt] = useState(0);
  const from = Math.max(0, Math.floor(view.top / rowHeight) - SPARE);
  const to = Math.min(length, Math.ceil((view.top + view.height) / rowHeight) + SPARE);
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, []);
  useEffect(() => visible?.(from, to), [visible, from, to]);
  const move = (next: number) => {
    const index = Math.max(0, Math.min(length - 1, next));
    setAt(index);
    moved?.(index);
    scrollTo(frame.current, index * rowHeight, rowHeight);
  };
  const keyed = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(view.height / rowHeight) - 1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page }[event.key];
    if (step) move(at + step);
    else if (event.key === 'Home') move(0);
    else if (event.key === 'End') move(length - 1);
    else if (event.key === 'Enter' && event.target === frame.current && open) open(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={frame}
      className="virtual-list"
      role="grid"
      aria-label={label}
      aria-rowcount={length}
      tabIndex={0}
      onKeyDown={keyed}
    >
      <div style={{ height: length * rowHeight }} role="presentation">
        {Array.from({ length: Math.max(0, to - from) }, (_, k) => from + k).map((i) => (
          <div
            key={i}
            role="row"
            aria-rowindex={i + 1}
            className={`virtual-row ${i === at ? 'at' : ''} ${opensOnClick ? 'opens' : ''}`}
            onClick={(event) => opensOnClick && isOutsideControls(event.target) && open?.(i)}
            style={{ transform: `translateY(${i * rowHeight}px)`, height: rowHeight }}
          >
            {row(i)}
          </div>
        ))}
      </div>
    </div>
  );
}

function isOutsideControls(target: EventTarget): boolean {
  return target instanceof Element && !target.closest('a, button, input, [role="tooltip"]');
}

function scrollTo(frame: HTMLElement | null, top: number, height: number): void {
  if (!frame) return;
  if (top < frame.scrollTop) frame.scrollTop = top;
  else if (top + height > frame.scrollTop + frame.clientHeight) {
    frame.scrollTop = top + height - frame.clientHeight;
  }
}
