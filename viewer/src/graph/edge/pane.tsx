/** Beside the graph: which heads carry an edge, and why they look where they look. */

import { useEffect, useState } from 'react';
import { Progress } from '../../components/progress';
import type { EdgeHeads } from '../../documents';
import { useJob } from '../../source';
import { type GraphModel, inputsOf } from '../model/graph';
import { signed, title, where } from '../model/names';
import type { Session } from '../state/session';
import { HeadBars } from './bars';
import type { Edge } from './edges';
import { ScoreView } from './score';

interface EdgePaneProps {
  session: Session;
  /** Of one flow of the subgraph, the largest first; or a single one. */
  edges: readonly Edge[];
  select: (node: number) => void;
  close: () => void;
}

export interface Look {
  layer: number;
  head: number;
  query: number;
  key: number;
}

export function EdgePane({ session, edges, select, close }: EdgePaneProps) {
  const { model, view } = session;
  const [at, setAt] = useState(0);
  const [look, setLook] = useState<Look | null>(null);
  const { status, start, cancel } = useJob<EdgeHeads>();
  const edge = edges[at] ?? edges[0];
  const id = (node: number) => view.nodes.id[node] ?? '';
  const [source, target] = [id(edge?.source ?? -1), id(edge?.target ?? -1)];
  useEffect(() => {
    if (source && target) start({ kind: 'edge', graph: view.id, source, target });
  }, [start, view.id, source, target]);
  if (!edge) return null;
  const split = status.state === 'done' ? status.result : null;
  const open = (layer: number, head: number, key: number) =>
    split && setLook({ layer, head, query: split.position, key });
  return (
    <div className="edge-pane" role="group" aria-label="Why this edge">
      <header className="tests-head">
        <p className="edge-ends">
          <End model={model} node={edge.source} select={select} />
          <span aria-hidden="true">→</span>
          <End model={model} node={edge.target} select={select} />
          <strong className={weightOf(model, edge) < 0 ? 'negative' : 'positive'}>
            {signed(weightOf(model, edge))}
          </strong>
        </p>
        {edges.length > 1 && (
          <label className="small">
            one of {edges.length} edges between the boxes{' '}
            <select
              value={at}
              onChange={(event) => {
                setAt(Number(event.target.value));
                setLook(null);
              }}
            >
              {edges.map((one, i) => (
                <option key={`${one.source} ${one.target}`} value={i}>
                  {signed(weightOf(model, one))}: {title(model, one.source)} →{' '}
                  {title(model, one.target)}
                </option>
              ))}
            </select>
          </label>
        )}
        <div className="node-actions">
          <button type="button" className="plain" onClick={close}>
            Close
          </button>
        </div>
        <Progress status={status} cancel={cancel} />
      </header>
      {split && (
        <section>
          <h4>What carries it</h4>
          <HeadBars split={split} strings={view.strings} look={look} open={open} />
        </section>
      )}
      {split && look && (
        <ScoreView
          key={`${look.layer} ${look.head} ${look.query} ${look.key}`}
          session={session}
          look={look}
          select={select}
          open={(key) => setLook({ ...look, key })}
        />
      )}
    </div>
  );
}

function weightOf(model: GraphModel, { source, target }: Edge): number {
  const edge = inputsOf(model, target).find((e) => model.source[e] === source);
  return edge === undefined ? 0 : (model.weight[edge] as number);
}

interface EndProps {
  model: GraphModel;
  node: number;
  select: (node: number) => void;
}

function End({ model, node, select }: EndProps) {
  return (
    <button type="button" className="plain edge-end" onClick={() => select(node)}>
      {title(model, node)} <span className="soft small">{where(model, node)}</span>
    </button>
  );
}
