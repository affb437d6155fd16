/** Two graphs side by side: one layout, one camera, one selection, their differences marked. */

import { useMemo, useRef, useState } from 'react';
import { Link, useNavigation } from '../../navigation';
import type { Content, Decoration } from '../draw/content';
import type { Camera } from '../draw/world';
import type { GraphView } from '../model/document';
import { shortName, title, visible } from '../model/names';
import { Drawing, type DrawingHandle } from '../panes/drawing';
import { Links } from '../panes/links';
import { usePageKeys } from '../panes/page-keys';
import { Split } from '../panes/split';
import { Threshold } from '../panes/threshold';
import { Hover } from '../state/hover';
import { DifferenceLists } from './lists';
import { useLinkedHover } from './linked';
import { type Compared, useSides } from './use-sides';

const NOBODY: ReadonlySet<number> = new Set();
const NO_GROUPS: ReadonlyMap<number, string> = new Map();

export function Comparison({ views }: { views: readonly [GraphView, GraphView] }) {
  const { address, replaceQuery } = useNavigation();
  const share = (name: string, start: number) => {
    const value = Number(address.query.get(name) ?? start);
    return value >= 0 && value <= 1 ? value : start;
  };
  const [node, edge] = [share('nodes', 0.7), share('edges', 0.9)];
  const changedOnly = address.query.get('changed') === '1';
  const compared = useSides(views, node, edge, changedOnly);
  const selectedKey = address.query.get('selected') ?? '';
  const [hovers] = useState(() => [new Hover(), new Hover()] as const);
  useLinkedHover(hovers, compared);
  const drawings = [useRef<DrawingHandle>(null), useRef<DrawingHandle>(null)] as const;
  const page = useRef<HTMLDivElement>(null);
  const selectKey = (key: string) => replaceQuery({ selected: key || null });
  usePageKeys(page, (key) => {
    if (key !== 'Escape') return false;
    selectKey('');
    return true;
  });
  const moved = (i: 0 | 1) => (camera: Camera) =>
    drawings[i ? 0 : 1].current?.scene()?.setCamera(camera);
  const side = (i: 0 | 1) => (
    <SidePane
      key={i}
      i={i}
      compared={compared}
      view={views[i]}
      hover={hovers[i]}
      handle={drawings[i]}
      selectedKey={selectedKey}
      select={(found) => selectKey(found < 0 ? '' : (compared.sides[i].keys[found] ?? ''))}
      moved={moved(i)}
    />
  );
  return (
    <div className="graph-page compare-page" ref={page} data-selected={selectedKey}>
      <header className="graph-toolbar">
        <h1>Two graphs</h1>
        <Threshold
          name="Nodes"
          value={node}
          set={(nodes) => replaceQuery({ nodes })}
          note={countsOf(compared, ({ shown }) => shown.reduce((sum, one) => sum + one, 0))}
        />
        <Threshold
          name="Edges"
          value={edge}
          set={(edges) => replaceQuery({ edges })}
          note={countsOf(compared, ({ list }) => list.edges.length)}
        />
        <label className="check">
          <input
            type="checkbox"
            checked={changedOnly}
            onChange={(event) => replaceQuery({ changed: event.target.checked ? 1 : null })}
          />
          changed edges only
        </label>
        <span className="compare-key small">
          <svg viewBox="-7 -7 14 14" width="14" height="14" aria-hidden="true">
            <circle r="5" />
          </svg>
          only in this graph
        </span>
        {!compared.shared && (
          <span className="small soft">
            Features are of two dictionaries and cannot be matched; tokens, errors and outputs are.
          </span>
        )}
      </header>
      <Split direction="row" start={0.74} label="Width of the graphs">
        <Split direction="row" start={0.5} label="Width of the left graph">
          {side(0)}
          {side(1)}
        </Split>
        <aside className="pane">
          <DifferenceLists
            compared={compared}
            hovers={hovers}
            selectedKey={selectedKey}
            select={selectKey}
          />
        </aside>
      </Split>
    </div>
  );
}

/** Of the left graph and the right one. */
function countsOf({ contents }: Compared, count: (content: Content) => number): string {
  const [left, right] = contents.map((content) => count(content).toLocaleString('en'));
  return `${left} and ${right}`;
}

interface SidePaneProps {
  i: 0 | 1;
  compared: Compared;
  view: GraphView;
  hover: Hover;
  handle: React.RefObject<DrawingHandle | null>;
  selectedKey: string;
  select: (node: number) => void;
  moved: (camera: Camera) => void;
}

function SidePane(props: SidePaneProps) {
  const { i, compared, view, hover, handle, selectedKey, select, moved } = props;
  const { model } = compared.sides[i];
  const selected = compared.index[i].get(selectedKey) ?? -1;
  const unmatched = compared.difference.only[i];
  const decoration = useMemo<Decoration>(
    () => ({
      selected,
      marked: NOBODY,
      pinned: NOBODY,
      groups: NO_GROUPS,
      effect: null,
      unmatched,
      partial: NOBODY,
    }),
    [selected, unmatched],
  );
  return (
    <section className="pane" aria-label={i ? 'right graph' : 'left graph'}>
      <header className="pane-head">
        <h2 title={view.prompt}>
          <Link to={{ page: 'graph', id: view.id }}>
            {view.strings.map((text, k) => (
              <span key={k} className="prompt-token">
                {visible(text)}
              </span>
            ))}
          </Link>
        </h2>
        <span className="small soft">
          {shortName(view.model)} · {shortName(view.dictionary)}
        </span>
      </header>
      <div className="pane-body">
        <Drawing
          content={compared.contents[i]}
          decoration={decoration}
          hover={hover}
          label={`${i ? 'Right' : 'Left'} graph: ${view.prompt}`}
          select={select}
          mark={() => undefined}
          handle={handle}
          moved={moved}
        />
      </div>
      {selectedKey && (
        <div className="compare-links">
          {selected < 0 ? (
            <p className="small soft">Not in this graph, or pruned away here.</p>
          ) : (
            <>
              <h3>{title(model, selected)}</h3>
              <Links
                key={selected}
                model={model}
                shown={compared.sides[i].shown}
                node={selected}
                side="inputs"
                hover={hover}
                select={select}
              />
            </>
          )}
        </div>
      )}
    </section>
  );
}
