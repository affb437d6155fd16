/** The keys of the graph's page. */

import { type RefObject, useRef } from 'react';
import { usePageKeys } from './page-keys';
import { useShortcut } from '../../shell/shortcuts';
import { type Direction, walk } from '../layout/walk';
import type { Groups } from '../state/groups';
import type { Hover } from '../state/hover';
import type { Session } from '../state/session';
import { supernodeOf } from '../state/view';
import type { PaneName } from './pane';

interface GraphKeys {
  session: Session;
  groups: Groups;
  hover: Hover;
  marked: ReadonlySet<number>;
  setMarked: (marked: ReadonlySet<number>) => void;
  select: (node: number, more?: boolean) => void;
  searchField: RefObject<HTMLInputElement | null>;
  full: PaneName | null;
  setFull: (pane: PaneName | null) => void;
  inPane: PaneName;
  page: RefObject<HTMLElement | null>;
}

/** For the list of keys alone: they belong to a focused slider or button first. */
const nothing = () => undefined;
const ARROWS: Record<string, Direction> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};

export function useGraphKeys(keys: GraphKeys): void {
  const { session, groups, hover, marked, setMarked, select, searchField, full, setFull } = keys;
  const { inPane, page } = keys;
  const { model, content, state, act, selected, view } = session;
  const cursor = useRef(-1);
  useShortcut('← → ↑ ↓', 'walk from node to node', nothing);
  useShortcut('↵', 'select the node of the arrow keys', nothing);
  useShortcut('Esc', 'leave the full pane, deselect', nothing);
  const ids = (nodes: Iterable<number>) => [...nodes].map((node) => view.nodes.id[node] as string);
  const current = () => (cursor.current >= 0 ? cursor.current : selected);

  const step = (direction: Direction) => {
    cursor.current = walk(model, content.layout, content.shown, current(), direction);
    hover.set(cursor.current);
  };
  const choose = () => {
    if (cursor.current < 0) return;
    select(cursor.current);
    cursor.current = -1;
  };
  const leave = () => {
    cursor.current = -1;
    if (full) setFull(null);
    else select(-1);
  };
  usePageKeys(page, (key) => {
    const direction = ARROWS[key];
    if (direction) step(direction);
    else if (key === 'Enter') choose();
    else if (key === 'Escape') leave();
    return Boolean(direction) || key === 'Enter' || key === 'Escape';
  });
  useShortcut('x', 'mark the node for grouping', () => {
    if (current() >= 0) select(current(), true);
  });
  useShortcut('p', 'pin or unpin the node', () => {
    const nodes = marked.size ? ids(marked) : current() >= 0 ? ids([current()]) : [];
    const all = nodes.every((id) => state.pinned.includes(id));
    if (nodes.length) act({ do: all ? 'unpin' : 'pin', nodes });
  });
  useShortcut('shift+g', 'group what is marked, or pinned alone', () => {
    const nodes = marked.size ? ids(marked) : looseOf(session);
    if (!nodes.length) return;
    groups.make(nodes);
    setMarked(new Set());
  });
  useShortcut('u', 'ungroup the supernode of the node', () => {
    const group = state.selected ? supernodeOf(state, state.selected) : groups.open;
    if (group) act({ do: 'ungroup', supernode: group.id });
  });
  useShortcut('/', 'search labels in the graph', () => searchField.current?.focus());
  useShortcut('f', 'fill the window with the pane', () => setFull(full ? null : inPane));
  useShortcut('mod+z', 'undo', () => act({ do: 'undo' }));
  useShortcut('mod+shift+z', 'redo', () => act({ do: 'redo' }));
}

/** Features that are pinned and in no supernode. */
function looseOf({ state, model }: Session): string[] {
  return state.pinned.filter(
    (id) =>
      !supernodeOf(state, id) && model.document.nodes.kind[model.index.get(id) ?? -1] === 'feature',
  );
}
