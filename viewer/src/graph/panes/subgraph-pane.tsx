/** The reader's circuit: pinned nodes and supernodes in layers, with signed shares between them. */

import { type PointerEvent, useMemo, useRef, useState } from 'react';
import { percent } from '../model/names';
import { type Subgraph, subgraph } from '../model/subgraph';
import { useSize } from '../../components/size';
import { type Box, layered } from '../layout/layered';
import type { Hover } from '../state/hover';
import type { Session } from '../state/session';
import { PinSuggested } from './graph-tools';
import { SubgraphBox } from './subgraph-box';
import { SubgraphFlows } from './subgraph-flows';

interface SubgraphPaneProps {
  session: Session;
  hover: Hover;
  marked: ReadonlySet<number>;
  select: (node: number, more: boolean) => void;
}

const PADDING = 16;
/** Below this scale the drawing scrolls rather than shrinks. */
const LEAST_SCALE = 0.62;

export function SubgraphPane(props: SubgraphPaneProps) {
  const { model, state } = props.session;
  const made = useMemo(() => subgraph(model, state), [model, state]);
  if (!made.items.length) return <NothingPinned session={props.session} />;
  return <Circuit made={made} {...props} />;
}

function Circuit({ made, session, hover, marked, select }: SubgraphPaneProps & { made: Subgraph }) {
  const { state, act } = session;
  const [least, setLeast] = useState(0.03);
  const [dragged, setDragged] = useState<{ id: string; at: [number, number] } | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const svg = useRef<SVGSVGElement>(null);
  const grip = useRef<{ id: string; dx: number; dy: number; moved: boolean } | null>(null);
  const [frame, size] = useSize<HTMLDivElement>();
  const aspect = size.height > 0 ? size.width / size.height : 2;
  const resting = useMemo(
    () => layered(made.items, made.flows, state.places, aspect),
    [made, state.places, aspect],
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
    setChosen(item.grouped ? item.id : null);
    select(item.members[0] ?? -1, event.shiftKey);
  };
  const group = state.supernodes.find((s) => s.id === chosen);
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
          <SubgraphFlows made={made} boxes={boxes} least={least} />
          {made.items.map((item, i) => (
            <SubgraphBox
              key={item.id}
              item={item}
              box={boxes[i]}
              marked={item.members.some((node) => marked.has(node))}
              selected={item.members.includes(session.selected)}
              down={down(i)}
              up={up(i)}
              hover={(on) => hover.set(on ? (item.members[0] ?? -1) : -1)}
              select={() => {
                setChosen(item.grouped ? item.id : null);
                select(item.members[0] ?? -1, false);
              }}
            />
          ))}
        </svg>
      </div>
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
      {group && (
        <GroupEditor
          key={group.id}
          session={session}
          id={group.id}
          marked={marked}
          close={() => setChosen(null)}
        />
      )}
    </div>
  );
}

const MEANING =
  'Sum of the signed edges from the one box to the other, over the sum of all absolute inputs of the other in the whole graph.';

function boundsOf(boxes: readonly Box[]) {
  const x = Math.min(...boxes.map((box) => box.x - box.width / 2)) - PADDING;
  const y = Math.min(...boxes.map((box) => box.y - box.height / 2)) - PADDING;
  const right = Math.max(...boxes.map((box) => box.x + box.width / 2)) + PADDING;
  const bottom = Math.max(...boxes.map((box) => box.y + box.height / 2)) + PADDING;
  return { x, y, width: Math.max(right - x, 480), height: Math.max(bottom - y, 120) };
}

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

interface GroupEditorProps {
  session: Session;
  id: string;
  marked: ReadonlySet<number>;
  close: () => void;
}

function GroupEditor({ session, id, marked, close }: GroupEditorProps) {
  const { state, act, view, model } = session;
  const group = state.supernodes.find((s) => s.id === id);
  if (!group) return null;
  const names = new Map(group.members.map((m) => [m, model.index.get(m) ?? -1]));
  const more = [...marked]
    .map((node) => view.nodes.id[node] as string)
    .filter((m) => !group.members.includes(m));
  return (
    <div className="group-editor" role="group" aria-label="Supernode">
      <input
        aria-label="Name of the supernode"
        value={group.label}
        onChange={(event) =>
          act({ do: 'rename', supernode: id, label: event.target.value.slice(0, 200) })
        }
        onBlur={() => act({ do: 'settle' })}
      />
      <div className="node-actions">
        <button
          type="button"
          disabled={!more.length}
          title="Mark nodes with Shift and click first"
          onClick={() => act({ do: 'add', supernode: id, nodes: more })}
        >
          Add {more.length || ''} marked
        </button>
        <button type="button" onClick={() => act({ do: 'ungroup', supernode: id })}>
          Ungroup <kbd>u</kbd>
        </button>
        <button type="button" className="plain" onClick={close}>
          Close
        </button>
      </div>
      <ul>
        {[...names].map(([member, node]) => (
          <li key={member}>
            <span title={member}>{view.nodes.label[node] || member}</span>
            <button
              type="button"
              className="plain"
              aria-label={`Take ${member} out of the supernode`}
              onClick={() => act({ do: 'remove', nodes: [member] })}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
