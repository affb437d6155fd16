import type { KeyboardEvent, PointerEvent } from 'react';
import { type Box, isCompact, wordsIn } from '../layout/layered';
import { KINDS } from '../model/graph';
import type { Item } from '../model/subgraph';
import { whilePointed } from '../state/hover';

interface SubgraphBoxProps {
  item: Item;
  box: Box | undefined;
  marked: boolean;
  /** Not every prompt of a merged graph has it. */
  partial: boolean;
  selected: boolean;
  down: (event: PointerEvent<SVGGElement>) => void;
  up: (event: PointerEvent<SVGGElement>) => void;
  hover: (on: boolean) => void;
  select: () => void;
}

/** A pinned node or a supernode in the subgraph. */
export function SubgraphBox(props: SubgraphBoxProps) {
  const { item, box, marked, partial, selected, down, up, hover, select } = props;
  if (!box) return null;
  const { width, height } = box;
  const compact = isCompact(box);
  const words = wordsIn(box, item);
  const kind = item.grouped ? 'group' : (KINDS[item.kind] ?? '');
  const states = `${selected ? 'selected' : ''} ${marked ? 'marked' : ''} ${partial ? 'partial' : ''}`;
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.stopPropagation();
    select();
  };
  return (
    <g
      className={`subgraph-box ${kind} ${states}`}
      transform={`translate(${box.x} ${box.y})`}
      tabIndex={0}
      role="button"
      aria-label={`${item.label} ${item.note}`}
      data-id={item.id}
      onPointerDown={down}
      onPointerUp={up}
      {...whilePointed(
        () => hover(true),
        () => hover(false),
      )}
      onKeyDown={key}
    >
      <title>{`${item.label} ${item.note}`}</title>
      {item.grouped && (
        <rect
          className="back"
          x={-width / 2 + 4}
          y={-height / 2 - 4}
          {...{ width, height }}
          rx={9}
        />
      )}
      <rect x={-width / 2} y={-height / 2} width={width} height={height} rx={9} />
      {compact ? (
        <text className="name" y={4.5}>
          {words.label}
          {words.note && (
            <tspan className="note" dx={7}>
              {words.note}
            </tspan>
          )}
        </text>
      ) : (
        <text className="name" y={item.note ? -3 : 5}>
          {words.label}
        </text>
      )}
      {words.note && !compact && (
        <text className="note" y={13}>
          {words.note}
        </text>
      )}
    </g>
  );
}
