/** What a reader does to a graph, as changes from one `ViewState` to the next. */

import type { Supernode, ViewState } from '../model/document';

export const START: ViewState = {
  selected: null,
  pinned: [],
  supernodes: [],
  node_threshold: 0.8,
  edge_threshold: 0.98,
  hidden: [],
  places: {},
  notes: '',
};

export type Action =
  | { do: 'select'; node: string | null }
  | { do: 'pin'; nodes: readonly string[] }
  | { do: 'unpin'; nodes: readonly string[] }
  | { do: 'group'; nodes: readonly string[]; label: string; id?: string }
  | { do: 'ungroup'; supernode: string }
  | { do: 'rename'; supernode: string; label: string }
  | { do: 'add'; supernode: string; nodes: readonly string[] }
  | { do: 'remove'; nodes: readonly string[] }
  | { do: 'threshold'; node?: number; edge?: number }
  | { do: 'hide'; kind: string }
  | { do: 'place'; places: Record<string, [number, number]> }
  | { do: 'arrange' }
  | { do: 'notes'; text: string }
  | { do: 'replace'; state: ViewState };

const without = (list: readonly string[], gone: readonly string[]) =>
  list.filter((id) => !gone.includes(id));
const union = (list: readonly string[], more: readonly string[]) => [
  ...new Set([...list, ...more]),
];

/** The state after an action; the same object where nothing changed. */
export function reduce(state: ViewState, action: Action): ViewState {
  switch (action.do) {
    case 'select':
      return state.selected === action.node ? state : { ...state, selected: action.node };
    case 'pin':
      return { ...state, pinned: union(state.pinned, action.nodes) };
    case 'unpin':
      return {
        ...withoutMembers(state, action.nodes),
        pinned: without(state.pinned, action.nodes),
      };
    case 'threshold':
      return {
        ...state,
        node_threshold: clamped(action.node ?? state.node_threshold),
        edge_threshold: clamped(action.edge ?? state.edge_threshold),
      };
    case 'hide': {
      const shown = state.hidden.includes(action.kind);
      const hidden = shown ? without(state.hidden, [action.kind]) : [...state.hidden, action.kind];
      return { ...state, hidden };
    }
    case 'place':
      return { ...state, places: { ...state.places, ...action.places } };
    case 'arrange':
      return Object.keys(state.places).length ? { ...state, places: {} } : state;
    case 'notes':
      return { ...state, notes: action.text };
    case 'replace':
      return action.state;
    default:
      return reduceGroups(state, action);
  }
}

type GroupAction = Extract<Action, { do: 'group' | 'ungroup' | 'rename' | 'add' | 'remove' }>;

function reduceGroups(state: ViewState, action: GroupAction): ViewState {
  switch (action.do) {
    case 'group': {
      if (!action.nodes.length) return state;
      const free = withoutMembers(state, action.nodes);
      const id = action.id ?? freshId(state.supernodes);
      const made = { id, label: action.label, members: [...new Set(action.nodes)] };
      return {
        ...free,
        supernodes: [...free.supernodes, made],
        pinned: union(free.pinned, action.nodes),
      };
    }
    case 'ungroup':
      return { ...state, supernodes: state.supernodes.filter((s) => s.id !== action.supernode) };
    case 'rename':
      return changed(state, action.supernode, (s) => ({ ...s, label: action.label }));
    case 'add': {
      const free = withoutMembers(state, action.nodes, action.supernode);
      const added = changed(free, action.supernode, (s) => ({
        ...s,
        members: union(s.members, action.nodes),
      }));
      return { ...added, pinned: union(added.pinned, action.nodes) };
    }
    case 'remove':
      return withoutMembers(state, action.nodes);
  }
}

function changed(state: ViewState, id: string, change: (s: Supernode) => Supernode): ViewState {
  return { ...state, supernodes: state.supernodes.map((s) => (s.id === id ? change(s) : s)) };
}

/** A node is in one supernode at most; one that is left empty is gone. */
function withoutMembers(state: ViewState, nodes: readonly string[], except = ''): ViewState {
  const supernodes = state.supernodes
    .map((s) => (s.id === except ? s : { ...s, members: without(s.members, nodes) }))
    .filter((s) => s.members.length);
  return { ...state, supernodes };
}

/** An id that no supernode has. */
export function freshId(supernodes: readonly Supernode[]): string {
  const taken = new Set(supernodes.map((s) => s.id));
  let n = taken.size;
  while (taken.has(`supernode-${n}`)) n++;
  return `supernode-${n}`;
}

function clamped(threshold: number): number {
  return Math.min(Math.max(threshold, 0), 1);
}

export function supernodeOf(state: ViewState, node: string): Supernode | undefined {
  return state.supernodes.find((s) => s.members.includes(node));
}

/** A state of elsewhere, made to fit a graph: what it names that is not there is left out. */
export function fitted(state: ViewState, has: (id: string) => boolean): ViewState {
  const supernodes = state.supernodes
    .map((s) => ({ ...s, members: s.members.filter(has) }))
    .filter((s) => s.members.length);
  return {
    ...state,
    selected: state.selected && has(state.selected) ? state.selected : null,
    pinned: state.pinned.filter(has),
    supernodes,
  };
}
