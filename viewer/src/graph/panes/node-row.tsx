import type { ReactNode } from 'react';
import type { GraphModel } from '../model/graph';
import { place, title, where } from '../model/names';
import type { Hover } from '../state/hover';
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
}

/** A node in a list: what it is, where, and how much. */
export function NodeRow(props: NodeRowProps) {
  const { model, node, size, sign = '', away = false, hover, select, children, after } = props;
  const name = title(model, node);
  const detail = [place(model, node), where(model, node)].filter((text) => text && text !== name);
  return (
    <li>
      <button
        type="button"
        className={`link-row ${sign} ${away ? 'away' : ''}`}
        title={away ? 'not in the drawing: pruned or hidden' : name}
        onClick={() => select(node)}
        onPointerEnter={() => hover.set(node)}
        onPointerLeave={() => hover.set(-1)}
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
    </li>
  );
}
