/** The page of one graph: drawing, subgraph, the selected node, and what can be done to them. */

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useParameter } from '../navigation';
import type { Edge } from './edge/edges';
import type { GraphView, ViewState } from './model/document';
import { title } from './model/names';
import { Drawing, type DrawingHandle } from './panes/drawing';
import { type Asked, Beside, type BesideProps, besideTitle } from './panes/beside';
import { useSource } from '../source';
import { Badge } from './verify/badge';
import { useTests } from './verify/use-tests';
import { Actions } from './panes/actions';
import { GraphTools } from './panes/graph-tools';
import { GraphHead } from './panes/header';
import { useGraphKeys } from './panes/keys';
import { Pane, type PaneName } from './panes/pane';
import { Split } from './panes/split';
import { SubgraphPane } from './panes/subgraph-pane';
import { Toolbar } from './panes/toolbar';
import { useStateInAddress } from './state/address';
import { useCircuit } from './state/circuit';
import { useGroups } from './state/groups';
import { Hover } from './state/hover';
import { fitted } from './state/view';
import { startOf, useDecoration, useEffects, useSession } from './state/session';

interface ExplorerProps {
  view: GraphView;
  /** Of the address; as the graph was saved where there is none. */
  given: ViewState | null;
  notice: string;
  relabel: (layer: number, feature: number, label: string) => void;
  open: (view: GraphView) => void;
}

const NOBODY: ReadonlySet<number> = new Set();

export function Explorer({ view, given, notice, relabel, open }: ExplorerProps) {
  const start = useMemo(() => startOf(view), [view]);
  const [choice, choose] = useParameter('prompt');
  const session = useSession(view, given ?? start, choice);
  const { model, state, act, content } = session;
  const source = useSource();
  const tests = useTests(session);
  const drawnCircuit = useCircuit(session, tests);
  const [beside, setBeside] = useState<Asked>(null);
  const groups = useGroups(session);
  const { show } = groups;
  const [hover] = useState(() => new Hover());
  const [marked, setMarked] = useState<ReadonlySet<number>>(NOBODY);
  const [status, setStatus] = useState(notice);
  const [full, setFull] = useState<PaneName | null>(null);
  const [inPane, setInPane] = useState<PaneName>('graph');
  const [plus, setPlus] = useParameter('plus');
  const [minus, setMinus] = useParameter('minus');
  const effects = useEffects(model, plus, minus);
  const decoration = useDecoration(session, marked, effects, NOBODY);
  const drawing = useRef<DrawingHandle>(null);
  const searchField = useRef<HTMLInputElement>(null);
  const replace = useCallback(
    (next: ViewState) => act({ do: 'replace', state: fitted(next, (id) => model.index.has(id)) }),
    [act, model],
  );
  useStateInAddress(state, start, replace, setStatus);
  const [asked, setAsked] = useParameter('node');
  useEffect(() => {
    if (!asked) return;
    if (model.index.has(asked)) act({ do: 'select', node: asked });
    else setStatus(`The graph has no node ${asked}.`);
    setAsked('');
  }, [asked, setAsked, model, act]);

  const select = useCallback(
    (node: number, more = false) => {
      if (more && node >= 0) return setMarked((before) => toggled(before, node));
      if (node < 0) setMarked(NOBODY);
      show(null);
      setBeside(null);
      act({ do: 'select', node: node < 0 ? null : (view.nodes.id[node] as string) });
      if (node >= 0) drawing.current?.scene()?.reveal(node);
    },
    [act, view, show],
  );
  // the supernode stays open: it is there again when its member is left
  const selectMember = (node: number) => act({ do: 'select', node: view.nodes.id[node] as string });
  const mark = useCallback(
    (nodes: number[]) => setMarked((before) => new Set([...before, ...nodes])),
    [],
  );
  useEffect(() => {
    if (status === '') return undefined;
    const timer = setTimeout(() => setStatus(''), 8000);
    return () => clearTimeout(timer);
  }, [status]);

  const openGroup = groups.open?.id;
  // what is selected takes the place of what was asked for
  useEffect(() => setBeside(null), [state.selected, openGroup]);
  const page = useRef<HTMLDivElement>(null);
  useGraphKeys({
    session,
    groups,
    hover,
    marked,
    setMarked,
    select,
    searchField,
    full,
    setFull,
    inPane,
    page,
  });
  const paneProps = { full, setFull, enter: setInPane };
  const explain = (nextPlus: string, nextMinus: string) => {
    setPlus(nextPlus);
    setMinus(nextPlus ? nextMinus : '');
  };
  const served = source.live && view.id !== '';
  const why = useMemo(
    () => (served ? (edges: readonly Edge[]) => setBeside({ what: 'edge', edges }) : undefined),
    [served],
  );
  // an empty subgraph would take the graph's room
  const nothingPinned = !state.pinned.length && !state.supernodes.length;
  const name = (id: string) => title(model, model.index.get(id) ?? 0).replace('⇒ ', '');

  const graph = (
    <Pane
      name="graph"
      title="Graph"
      {...paneProps}
      tools={
        <GraphTools
          marked={marked}
          clear={() => setMarked(NOBODY)}
          session={session}
          groups={groups}
        />
      }
    >
      <Drawing
        content={content}
        decoration={decoration}
        hover={hover}
        label={`Attribution graph of ${view.prompt}: ${session.pruned.nNodes} nodes, ${session.pruned.nEdges} edges are shown`}
        select={select}
        mark={mark}
        handle={drawing}
      />
    </Pane>
  );
  const circuit = (
    <Pane name="subgraph" title="Subgraph" {...paneProps}>
      <SubgraphPane
        session={session}
        hover={hover}
        marked={marked}
        groups={groups}
        select={select}
        tests={tests}
        circuit={drawnCircuit}
        why={why}
      />
    </Pane>
  );
  const besideProps: BesideProps = {
    session,
    asked: beside,
    ask: setBeside,
    tests,
    hover,
    groups,
    marked,
    mark: setMarked,
    effects,
    explained: minus ? `${name(plus)} minus ${name(minus)}` : name(plus),
    select,
    selectMember,
    relabel,
    why,
  };
  const node = (
    <Pane name="node" title={besideTitle(besideProps)} {...paneProps}>
      <Beside {...besideProps} />
    </Pane>
  );
  return (
    <div
      ref={page}
      className={`graph-page ${full ? 'has-full' : ''}`}
      data-selected={state.selected ?? ''}
    >
      <GraphHead
        session={session}
        status={status}
        badge={
          <Badge
            tests={tests}
            open={beside?.what === 'tests'}
            toggle={() => setBeside(beside?.what === 'tests' ? null : { what: 'tests' })}
          />
        }
      >
        <Actions
          session={session}
          decoration={decoration}
          drawing={drawing}
          tests={tests}
          circuit={drawnCircuit}
          say={setStatus}
          open={open}
        />
      </GraphHead>
      <Toolbar
        session={session}
        hover={hover}
        plus={plus}
        minus={minus}
        explain={explain}
        prompt={choice}
        choosePrompt={choose}
        select={select}
        searchField={searchField}
      />
      <Split
        direction="row"
        start={0.68}
        label="Width of the graph"
        only={full === null ? null : full === 'node' ? 1 : 0}
      >
        <Split
          direction="column"
          start={0.47}
          label="Height of the graph"
          only={full === 'subgraph' ? 1 : full === 'graph' || nothingPinned ? 0 : null}
        >
          {graph}
          {circuit}
        </Split>
        {node}
      </Split>
    </div>
  );
}

function toggled(before: ReadonlySet<number>, node: number): ReadonlySet<number> {
  const next = new Set(before);
  if (!next.delete(node)) next.add(node);
  return next;
}

/** A feature's label, wherever it stands in the graph, and who says so, after a reader wrote it. */
export function relabelled(
  view: GraphView,
  layer: number,
  feature: number,
  label: string,
): GraphView {
  const { nodes } = view;
  const is = (i: number) =>
    nodes.kind[i] === 'feature' && nodes.layer[i] === layer && nodes.feature[i] === feature;
  const own = nodes.id.filter((_, i) => is(i)).map((id) => [id, label ? 'person' : '']);
  return {
    ...view,
    nodes: { ...nodes, label: nodes.label.map((l, i) => (is(i) ? label : l)) },
    label_sources: {
      ...view.label_sources,
      ...(Object.fromEntries(own) as Record<string, string>),
    },
  };
}
