/** The reader's circuit: pinned nodes and supernodes in layers, with signed shares between them. */

import { type PointerEvent, useMemo, useRef, useState } from 'react';
import { percent } from '../model/names';
import { type Edge, edgesOf } from '../edge/edges';
import type { Prompts } from '../model/prompts';
import type { Item } from '../model/subgraph';
import { useSize } from '../../components/size';
import { boundsOf, layered, LEAST_SCALE } from '../layout/layered';
import type { Circuit } from '../state/circuit';
import type { Groups } from '../state/groups';
import type { Hover } from '../state/hover';
import type { Session } from '../state/session';
import { VerdictLegend } from '../verify/legend';
import type { Tests } from '../verify/use-tests';
import { PinSuggested } from './graph-tools';
import { SubgraphBox } from './subgraph-box';
import { SubgraphFlows } from './subgraph-flows';

interface SubgraphPaneProps {
  session: Session;
  hover: Hover;
  marked: ReadonlySet<number>;
  groups: Groups;
  select: (node: number, more: boolean) => void;
  tests: Tests;
  circuit: Circuit;
  /** Absent where no server could say why an edge is there. */
  why: ((edges: readonly Edge[]) => void) | undefined;
}

export function SubgraphPane(props: SubgraphPaneProps) {
  if (!props.circuit.made.items.length) return <NothingPinned session={props.session} />;
  return <DrawnCircuit {...props} />;
}

function DrawnCircuit(props: SubgraphPaneProps) {
  const { circuit, session, hover, marked, groups, select, tests, why } = props;
  const { made, least, setLeast, judged, setJudged, verdict } = circuit;
  const { state, act, model } = session;
  const openId = session.selected < 0 ? groups.open?.id : undefined;
  const [dragged, setDragged] = useState<{ id: string; at: [number, number] } | null>(null);
  const svg = useRef<SVGSVGElement>(null);
  const grip = useRef<{ id: string; dx: number; dy: number; moved: boolean } | null>(null);
  const [frame, size] = useSize<HTMLDivElement>();
  const { width, height } = size;
  const resting = useMemo(
    () => layered(made.items, made.flows, state.places, height > 0 ? { width, height } : undefined),
    [made, state.places, width, height],
  );
  const boxes = resting.map((box, i) => {
    if (!dragged || made.items[i]?.id !== dragged.id) return box;
    return { ...box, x: dragged.at[0], y: dragged.at[1] };
  });
  // the frame stays while a box is moved, or the pointer would lose it
  const bounds = boundsOf(resting);
  const pointOf = (event: PointerEvent) => {
    const matrix = svg.current?.getScreenCTM()?.inverse();
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
  };
  const down = (i: number) => (event: PointerEvent<SVGGElement>) => {
    const [item, box] = [made.items[i], boxes[i]];
    if (!item || !box || event.button !== 0) return;
    const at = pointOf(event);
    grip.current = { id: item.id, dx: box.x - at.x, dy: box.y - at.y, moved: false };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent) => {
    if (!grip.current) return;
    const at = pointOf(event);
    grip.current.moved = true;
    const { id, dx, dy } = grip.current;
    setDragged({ id, at: [Math.round(at.x + dx), Math.round(at.y + dy)] });
  };
  const up = (i: number) => (event: PointerEvent) => {
    const held = grip.current;
    grip.current = null;
    if (held?.moved && dragged) act({ do: 'place', places: { [dragged.id]: dragged.at } });
    setDragged(null);
    const item = made.items[i];
    if (!held || held.moved || !item) return;
    choose(item, event.shiftKey);
  };
  const choose = (item: Item, more: boolean) => {
    if (item.grouped && !more) {
      act({ do: 'select', node: null });
      groups.show(item.id);
    } else item.members.forEach((node) => select(node, more));
  };
  return (
    <div className="subgraph">
      <div className="subgraph-scroll" ref={frame}>
        <svg
          ref={svg}
          style={{ minWidth: bounds.width * LEAST_SCALE, minHeight: bounds.height * LEAST_SCALE }}
          viewBox={`${bounds.x} ${bounds.y} ${bounds.width} ${bounds.height}`}
          role="group"
          aria-label="Subgraph"
          onPointerMove={move}
        >
          <SubgraphFlows
            made={made}
            boxes={boxes}
            least={least}
            verdict={verdict}
            why={why && ((flow) => why(edgesOf(model, made, flow)))}
          />
          {made.items.map((item, i) => (
            <SubgraphBox
              key={item.id}
              item={item}
              box={boxes[i]}
              marked={item.members.some((node) => marked.has(node))}
              partial={partialIn(session.prompts, item)}
              selected={item.id === openId || item.members.includes(session.selected)}
              down={down(i)}
              up={up(i)}
              hover={(on) => hover.set(on && !item.grouped ? (item.members[0] ?? -1) : -1)}
              select={() => choose(item, false)}
            />
          ))}
        </svg>
      </div>
      <VerdictLegend tests={tests} on={judged} setOn={setJudged} />
      <footer className="subgraph-foot small">
        <label title="Edges below this share are not drawn">
          edges from {percent(least)}
          <input
            type="range"
            min={0}
            max={0.3}
            step={0.005}
            value={least}
            onChange={(event) => setLeast(Number(event.target.value))}
          />
        </label>
        <span className="soft" title={MEANING}>
          % = signed share of the inputs of the box it enters
        </span>
        <button
          type="button"
          className="plain"
          disabled={!Object.keys(state.places).length}
          onClick={() => act({ do: 'arrange' })}
        >
          Arrange anew
        </button>
      </footer>
    </div>
  );
}

/** Whether no prompt of a merged graph but some has it. */
function partialIn(prompts: Prompts | null, { members }: Item): boolean {
  return prompts !== null && members.every((node) => prompts.partial.has(node));
}

const MEANING =
  'Sum of the signed edges from the one box to the other, over the sum of all absolute inputs of the other in the whole graph.';

function NothingPinned({ session }: { session: Session }) {
  return (
    <div className="pane-hint">
      <p>
        Pin nodes with <kbd>p</kbd> to draw their circuit here; group them with <kbd>Shift g</kbd>.
      </p>
      <PinSuggested session={session} />
    </div>
  );
}
