import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { align, keysOf, plan, type Side } from '../compare/align';
import { difference } from '../compare/difference';
import type { GraphView, ViewState } from '../model/document';
import { modelOf, share } from '../model/graph';
import { subgraph } from '../model/subgraph';
import { START } from '../state/view';
import { across } from './across';
import { fit, Taken } from './labels';
import { type Box, layered } from './layered';
import { walk } from './walk';

const view = (
  JSON.parse(readFileSync('src/graph/testing/adder.json', 'utf8')) as { view: GraphView }
).view;
const model = modelOf(view);
const everything = new Uint8Array(model.nNodes).fill(1);

describe('the layout', () => {
  const layout = across(model, everything);

  it('puts tokens across and layers up', () => {
    for (let e = 0; e < model.nEdges; e++) {
      const [from, to] = [model.source[e] as number, model.target[e] as number];
      expect(layout.y[from]).toBeGreaterThan(layout.y[to] as number);
    }
    const tokens = [...model.kind.keys()].filter((i) => model.kind[i] === 0);
    const x = tokens.map((i) => layout.x[i] as number);
    expect(x).toEqual([...x].sort((a, b) => a - b));
  });

  it('puts no two nodes at one place', () => {
    const places = new Set(view.nodes.id.map((_, i) => `${layout.x[i]} ${layout.y[i]}`));
    expect(places.size).toBe(model.nNodes);
  });

  it('is walked with the arrow keys', () => {
    const answer = walk(model, layout, everything, -1, 'up');
    expect(view.nodes.kind[answer]).toBe('logit');
    expect(walk(model, layout, everything, answer, 'up')).toBe(answer);
    let node = answer;
    for (let k = 0; k < 9; k++) node = walk(model, layout, everything, node, 'down');
    expect(['token', 'bias']).toContain(view.nodes.kind[node]);
    const row = [...model.kind.keys()].filter((i) => layout.y[i] === layout.y[node]);
    const ends = row.toSorted((a, b) => (layout.x[a] as number) - (layout.x[b] as number));
    const first = ends[0] as number;
    const right = walk(model, layout, everything, first, 'right');
    expect(layout.x[right]).toBeGreaterThan(layout.x[first] as number);
    expect(walk(model, layout, everything, right, 'left')).toBe(first);
  });
});

describe('labels', () => {
  it('never lie over another or outside', () => {
    const frame = { x: 0, y: 0, width: 200, height: 100 };
    const taken = new Taken();
    const spots = Array.from({ length: 60 }, (_, i) =>
      fit({ x: (i * 37) % 200, y: (i * 23) % 100, radius: 4, width: 50, height: 14 }, frame, taken),
    ).filter((spot) => spot !== null);
    expect(spots.length).toBeGreaterThan(8);
    spots.forEach((a, i) => {
      expect(a.x >= 0 && a.x + a.width <= 200 && a.y >= 0 && a.y + a.height <= 100).toBe(true);
      for (const b of spots.slice(i + 1)) {
        const apart = a.x + a.width <= b.x || b.x + b.width <= a.x;
        expect(apart || a.y + a.height <= b.y || b.y + b.height <= a.y).toBe(true);
      }
    });
  });
});

describe('the subgraph', () => {
  const features = view.nodes.id.filter((_, i) => view.nodes.kind[i] === 'feature').slice(0, 20);
  const state: ViewState = {
    ...START,
    pinned: [...features, 'token 46@1', 'logit 105@4'],
    supernodes: [{ id: 'supernode-0', label: 'group', members: features.slice(0, 5) }],
  };
  const made = subgraph(model, state);

  it('has supernodes in the place of their members', () => {
    expect(made.items.length).toBe(1 + 15 + 2);
    expect(made.items[0]?.members.length).toBe(5);
  });

  it('has the shares of edges between single nodes', () => {
    const single = made.flows.filter((f) => f.source > 0 && f.target > 0);
    expect(single.length).toBeGreaterThan(5);
    for (const flow of single) {
      const from = made.items[flow.source]?.members[0];
      const to = made.items[flow.target]?.members[0];
      const edge = model.source.findIndex((s, e) => s === from && model.target[e] === to);
      expect(Math.abs(flow.share)).toBeCloseTo(share(model, edge), 12);
      expect(Math.sign(flow.share)).toBe(Math.sign(model.weight[edge] as number));
    }
  });

  it('sums signed weights into supernodes, over the mass of all members', () => {
    const flow = made.flows.find((f) => f.target === 0);
    const from = made.items[flow?.source ?? -1]?.members[0];
    const members = new Set(made.items[0]?.members);
    let sum = 0;
    model.source.forEach((s, e) => {
      if (s === from && members.has(model.target[e] as number)) sum += model.weight[e] as number;
    });
    const mass = [...members].reduce((total, i) => total + (model.mass[i] as number), 0);
    expect(flow?.share).toBeCloseTo(sum / mass, 12);
  });

  it('is drawn without boxes over each other', () => {
    const boxes = layered(made.items, made.flows);
    const over = (a: Box, b: Box) =>
      Math.abs(a.x - b.x) < (a.width + b.width) / 2 && Math.abs(a.y - b.y) < a.height;
    boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => expect(over(a, b)).toBe(false)));
    const moved = layered(made.items, made.flows, { [features[9] ?? '']: [5, 6] });
    const at = made.items.findIndex((item) => item.id === features[9]);
    expect([moved[at]?.x, moved[at]?.y]).toEqual([5, 6]);
  });
});

describe('two graphs', () => {
  it('have their prompts aligned', () => {
    expect(align(['a', 'b', 'c'], ['a', 'x', 'c']).columns).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
    const put = align(['a', 'c'], ['a', 'b', 'c']);
    expect(put).toEqual({
      columns: [
        [0, 2],
        [0, 1, 2],
      ],
      n: 3,
    });
  });

  const columns = view.strings.map((_, i) => i);
  const side = (shown: Uint8Array, of = model): Side => ({
    model: of,
    shown,
    keys: keysOf(of, columns, true, 0),
    columns,
  });

  it('that are the same differ in nothing', () => {
    const { only, changes } = difference([side(everything), side(everything)]);
    expect([only[0].size, only[1].size, changes.length]).toEqual([0, 0, 0]);
  });

  it('show nodes of one alone and edges that changed', () => {
    const fewer = everything.slice();
    fewer[3] = 0;
    const weight = view.edges.weight.map((w, e) => (e === 10 ? -5 * w : w));
    const other = modelOf({ ...view, edges: { ...view.edges, weight } });
    const { only, changes } = difference([side(everything), side(fewer, other)]);
    expect([[...only[0]], only[1].size]).toEqual([[3], 0]);
    const ids = [model.source[10], model.target[10]].map(
      (i) => keysOf(model, columns, true, 0)[i as number],
    );
    expect([changes[0]?.source, changes[0]?.target]).toEqual(ids);
  });

  it('stand at the same places', () => {
    const fewer = everything.slice();
    fewer[3] = 0;
    const [left, right] = plan([side(everything), side(fewer)], columns.length);
    for (const i of model.kind.keys()) {
      if (!fewer[i]) expect(right.x[i]).toBeNaN();
      else expect([right.x[i], right.y[i]]).toEqual([left.x[i], left.y[i]]);
    }
  });
});
