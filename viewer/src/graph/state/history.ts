/** Undo and redo of every change to a `ViewState`. What is selected moves through it unrecorded. */

import type { ViewState } from '../model/document';
import { type Action, reduce } from './view';

export interface History {
  past: readonly ViewState[];
  present: ViewState;
  future: readonly ViewState[];
  /** What the last change was of: a slider that moves on adds no step. */
  last: string;
}

export type HistoryAction = Action | { do: 'undo' } | { do: 'redo' } | { do: 'settle' };

const MERGED = new Set(['threshold', 'notes', 'rename']);
const LONGEST = 500;

export function begin(state: ViewState): History {
  return { past: [], present: state, future: [], last: '' };
}

export function step(history: History, action: HistoryAction): History {
  if (action.do === 'undo') return undo(history);
  if (action.do === 'redo') return redo(history);
  if (action.do === 'settle') return { ...history, last: '' };
  const present = reduce(history.present, action);
  if (same(present, history.present)) return history;
  // the browser's history has the selections
  const selection = { ...history.present, selected: present.selected };
  if (same(present, selection)) return { ...history, present };
  const last = MERGED.has(action.do) ? keyOf(action) : '';
  const merged = last !== '' && last === history.last;
  const past = merged ? history.past : [...history.past, history.present].slice(-LONGEST);
  return { past, present, future: [], last };
}

function keyOf(action: Action): string {
  return `${action.do} ${'supernode' in action ? action.supernode : ''} ${'node' in action}`;
}

function undo({ past, present, future }: History): History {
  const before = past.at(-1);
  if (!before) return { past, present, future, last: '' };
  const back = { ...before, selected: present.selected };
  return { past: past.slice(0, -1), present: back, future: [present, ...future], last: '' };
}

function redo({ past, present, future }: History): History {
  const [next, ...rest] = future;
  if (!next) return { past, present, future, last: '' };
  const ahead = { ...next, selected: present.selected };
  return { past: [...past, present], present: ahead, future: rest, last: '' };
}

function same(a: ViewState, b: ViewState): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
