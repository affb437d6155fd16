/** The graph explorer, and two graphs side by side. */

import { useCallback, useMemo, useState } from 'react';
import { Failed, Loading } from '../components/states';
import { useNavigation } from '../navigation';
import { type Source, useLoad } from '../source';
import { Comparison } from './compare/comparison';
import { Explorer, relabelled } from './explorer';
import type { GraphView, ViewState } from './model/document';
import { modelOf } from './model/graph';
import { stateOfAddress } from './state/address';
import './style/page.css';
import './style/panes.css';
import './style/node.css';
import './style/subgraph.css';
import './style/dialogs.css';
import './style/prompts.css';
import './style/tests.css';
import './style/edge.css';
import './style/narrow.css';

interface GraphExplorerProps {
  source: Source;
  id: string;
}

interface Opened {
  view: GraphView;
  given: ViewState | null;
  notice: string;
}

export function GraphExplorer({ source, id }: GraphExplorerProps) {
  const { query } = useNavigation().address;
  // the state of the address is read once: what changes it later is the page itself
  const [first] = useState(query);
  const loaded = useLoad(
    async (signal) => opened(await source.graph(id, signal), first),
    [source, id],
  );
  const [changed, setChanged] = useState<{ of: string; opened: Opened }>();
  const open = useCallback(
    (view: GraphView) => {
      setChanged({ of: id, opened: { view, given: null, notice: 'Opened; it is not kept.' } });
    },
    [id],
  );
  if (loaded.state === 'failed') return <Failed error={loaded.error} again={loaded.again} />;
  if (!loaded.value) return <Loading what="Loading the graph" />;
  const now = changed?.of === id ? changed.opened : loaded.value;
  return <Checked key={`${id} ${changed ? now.view.name : ''}`} opened={now} open={open} />;
}

async function opened(view: GraphView, query: URLSearchParams): Promise<Opened> {
  try {
    return { view, given: await stateOfAddress(query), notice: '' };
  } catch (error) {
    return { view, given: null, notice: error instanceof Error ? error.message : String(error) };
  }
}

/** A document that cannot be drawn is said to be one. */
function Checked({ opened, open }: { opened: Opened; open: (view: GraphView) => void }) {
  const [view, setView] = useState(opened.view);
  const relabel = useCallback((layer: number, feature: number, label: string) => {
    setView((before) => relabelled(before, layer, feature, label));
  }, []);
  const problem = useMemo(() => problemOf(opened.view), [opened.view]);
  if (problem) return <Failed error={problem} />;
  return <Explorer {...opened} view={view} relabel={relabel} open={open} />;
}

function problemOf(view: GraphView): Error | null {
  try {
    if (!view.nodes.id.length) return new Error('The graph has no nodes; trace it again.');
    modelOf(view);
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

export function GraphCompare({ source, id, other }: GraphExplorerProps & { other: string }) {
  const loaded = useLoad(
    (signal) => Promise.all([source.graph(id, signal), source.graph(other, signal)]),
    [source, id, other],
  );
  if (loaded.state === 'failed') return <Failed error={loaded.error} again={loaded.again} />;
  if (!loaded.value) return <Loading what="Loading two graphs" />;
  const problem = problemOf(loaded.value[0]) ?? problemOf(loaded.value[1]);
  if (problem) return <Failed error={problem} />;
  return <Comparison views={loaded.value} />;
}
