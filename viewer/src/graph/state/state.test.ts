import { describe, expect, it } from 'vitest';
import { begin, type History, type HistoryAction, step } from './history';
import { checked, decodeState, encodeState } from './permalink';
import { fitted, START } from './view';

const run = (actions: HistoryAction[], from: History = begin(START)) => actions.reduce(step, from);

describe('groups', () => {
  const grouped = run([
    { do: 'pin', nodes: ['a', 'b', 'c'] },
    { do: 'group', nodes: ['a', 'b'], label: 'one' },
  ]);

  it('hold a node once', () => {
    const { present } = run([{ do: 'group', nodes: ['b', 'c'], label: 'two' }], grouped);
    expect(present.supernodes.map((s) => s.members)).toEqual([['a'], ['b', 'c']]);
    expect(new Set(present.supernodes.map((s) => s.id)).size).toBe(2);
  });

  it('are gone when the last member is', () => {
    expect(run([{ do: 'remove', nodes: ['a', 'b'] }], grouped).present.supernodes).toEqual([]);
  });

  it('pin what is added, and lose what is unpinned', () => {
    const id = grouped.present.supernodes[0]?.id ?? '';
    const { present } = run(
      [
        { do: 'add', supernode: id, nodes: ['z'] },
        { do: 'unpin', nodes: ['a'] },
      ],
      grouped,
    );
    expect(present.pinned).toEqual(['b', 'c', 'z']);
    expect(present.supernodes[0]?.members).toEqual(['b', 'z']);
  });

  it('can be named and taken apart', () => {
    const id = grouped.present.supernodes[0]?.id ?? '';
    const named = run([{ do: 'rename', supernode: id, label: 'sums' }], grouped);
    expect(named.present.supernodes[0]?.label).toBe('sums');
    expect(run([{ do: 'ungroup', supernode: id }], named).present.supernodes).toEqual([]);
  });
});

describe('undo and redo', () => {
  it('go through every change and back', () => {
    const end = run([
      { do: 'pin', nodes: ['a'] },
      { do: 'hide', kind: 'error' },
      { do: 'group', nodes: ['a'], label: 'g' },
    ]);
    const undone = run([{ do: 'undo' }, { do: 'undo' }, { do: 'undo' }], end);
    expect(undone.present).toEqual(START);
    const redone = run([{ do: 'redo' }, { do: 'redo' }, { do: 'redo' }], undone);
    expect(redone.present).toEqual(end.present);
    expect(run([{ do: 'undo' }], begin(START)).present).toEqual(START);
  });

  it('take a moved slider for one change, until it is let go', () => {
    const moved = run([
      { do: 'threshold', node: 0.7 },
      { do: 'threshold', node: 0.6 },
      { do: 'settle' },
      { do: 'threshold', node: 0.5 },
    ]);
    expect(moved.past.length).toBe(2);
    expect(run([{ do: 'undo' }], moved).present.node_threshold).toBe(0.6);
  });

  it('leave the selection as it is', () => {
    const end = run([{ do: 'pin', nodes: ['a'] }, { do: 'select', node: 'b' }, { do: 'undo' }]);
    expect(end.present).toEqual({ ...START, selected: 'b' });
    expect(end.past).toEqual([]);
  });

  it('forget what was undone after a new change', () => {
    const end = run([{ do: 'pin', nodes: ['a'] }, { do: 'undo' }, { do: 'pin', nodes: ['b'] }]);
    expect(run([{ do: 'redo' }], end).present.pinned).toEqual(['b']);
  });
});

describe('a permalink', () => {
  const state = {
    selected: 'L3/127@4',
    pinned: ['token 1@0', 'L0/5@2'],
    supernodes: [{ id: 'supernode-0', label: 'Überträge “95” 🎲', members: ['L0/5@2'] }],
    node_threshold: 0.55,
    edge_threshold: 1,
    hidden: ['error'],
    places: { 'supernode-0': [12, -4] as [number, number] },
    notes: 'two\nlines',
  };

  it('holds the whole state', async () => {
    const text = await encodeState(state);
    expect(text).toMatch(/^[\w-]+$/);
    expect(await decodeState(text)).toEqual(state);
  });

  it('is short for a state that is hardly changed', async () => {
    expect((await encodeState({ ...START, selected: 'bias' })).length).toBeLessThan(40);
  });

  it.each(['', 'nonsense', '1', '1%%%', '1AAAA'])(
    'that is damaged is refused: %s',
    async (text) => {
      await expect(decodeState(text)).rejects.toThrow('damaged');
    },
  );

  it('with another shape inside is refused', () => {
    expect(checked({ pinned: [1] })).toBeNull();
    expect(checked({ node_threshold: 7 })).toBeNull();
    expect(checked({ places: { a: [1, null] } })).toBeNull();
    expect(checked([])).toBeNull();
    expect(checked({ pinned: ['a'], later: 1 })).toEqual({ ...START, pinned: ['a'] });
  });
});

describe('a state of another graph', () => {
  it('keeps what this graph has', () => {
    const from = {
      ...START,
      selected: 'gone',
      pinned: ['a', 'gone'],
      supernodes: [
        { id: '1', label: 'x', members: ['gone'] },
        { id: '2', label: 'y', members: ['a'] },
      ],
    };
    const state = fitted(from, (id) => id === 'a');
    expect([state.selected, state.pinned]).toEqual([null, ['a']]);
    expect(state.supernodes.map((s) => s.id)).toEqual(['2']);
  });
});
