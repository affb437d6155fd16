import type { ReactNode } from 'react';
import type { GraphModel } from '../model/graph';
import { place, title, where } from '../model/names';
import { type Hover, whilePointed } from '../state/hover';
import { Shape } from './shape';

interface NodeRowProps {
  model: GraphModel;
  node: number;
  /** Length of the bar, 0 to 1. */
  size: number;
  sign?: 'positive' | 'negative';
  /** Not in the drawing. */
  away?: boolean;
  hover: Hover;
  select: (node: number) => void;
  /** The figure behind the bar. */
  children: ReactNode;
  /** Behind the figure. */
  after?: ReactNode;
  /** Beside the row: what can be done with it. */
  beside?: ReactNode;
}

/** A node in a list: what it is, where, and how much. */
export function NodeRow(props: NodeRowProps) {
  const {
    model,
    node,
    size,
    sign = '',
    away = false,
    hover,
    select,
    children,
    after,
    beside,
  } = props;
  const name = title(model, node);
  const detail = [place(model, node), where(model, node)].filter((text) => text && text !== name);
  return (
    <li className={beside ? 'with-tool' : ''}>
      <button
        type="button"
        className={`link-row ${sign} ${away ? 'away' : ''}`}
        title={away ? `${name}\nnot in the drawing: pruned or hidden` : name}
        onClick={() => {
          hover.set(-1); // the list changes, and this row may never be left
          select(node);
        }}
        {...whilePointed(
          () => hover.set(node),
          () => hover.set(-1),
        )}
        onFocus={() => hover.set(node)}
        onBlur={() => hover.set(-1)}
      >
        <Shape kind={model.kind[node] ?? 0} />
        <span className="link-name">
          <span>{name}</span>
          <span className="soft small">{detail.join(' · ')}</span>
        </span>
        <span className="link-bar" aria-hidden="true">
          <span style={{ width: `${100 * size}%` }} />
        </span>
        <span className="link-share">{children}</span>
        {after}
      </button>
      {beside}
    </li>
  );
}
