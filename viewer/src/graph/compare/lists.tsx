/** The differences of two graphs as lists. */

import { useState } from 'react';
import { percent, place, title, where } from '../model/names';
import { walkRows } from '../panes/links';
import { Shape } from '../panes/shape';
import { type Hover, whilePointed } from '../state/hover';
import type { EdgeChange } from './difference';
import type { Compared } from './use-sides';

interface ListsProps {
  compared: Compared;
  hovers: readonly [Hover, Hover];
  selectedKey: string;
  select: (key: string) => void;
}

type Tab = 'edges' | 'left' | 'right';
const LISTED = 200;

export function DifferenceLists({ compared, hovers, selectedKey, select }: ListsProps) {
  const [tab, setTab] = useState<Tab>('edges');
  const { only, changes } = compared.difference;
  const about = selectedKey
    ? changes.filter((c) => c.source === selectedKey || c.target === selectedKey)
    : changes;
  const names: Record<Tab, string> = {
    edges: `Edges ${about.length}`,
    left: `Only left ${only[0].size}`,
    right: `Only right ${only[1].size}`,
  };
  return (
    <div className="node-pane">
      <div className="graph-tabs" role="tablist" aria-label="Differences">
        {(Object.keys(names) as Tab[]).map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            aria-selected={tab === name}
            onClick={() => setTab(name)}
          >
            {names[name]}
          </button>
        ))}
      </div>
      <div className="node-pane-body links" role="tabpanel" aria-label={names[tab]}>
        {tab === 'edges' ? (
          <Changes changes={about} compared={compared} select={select} selectedKey={selectedKey} />
        ) : (
          <Only i={tab === 'left' ? 0 : 1} compared={compared} hovers={hovers} select={select} />
        )}
      </div>
    </div>
  );
}

interface ChangesProps {
  changes: readonly EdgeChange[];
  compared: Compared;
  selectedKey: string;
  select: (key: string) => void;
}

function Changes({ changes, compared, selectedKey, select }: ChangesProps) {
  return (
    <>
      <p className="small soft">
        Share of the target’s inputs, left → right. Where the prompts differ: left | right
        {selectedKey && '; those of the selected node'}
      </p>
      {!changes.length && (
        <p className="small">No edge between nodes that both have differs by 0.5% or more.</p>
      )}
      <ul onKeyDown={walkRows}>
        {changes.slice(0, LISTED).map((change) => (
          <li key={`${change.source}\n${change.target}`}>
            <button
              type="button"
              className="link-row change"
              onClick={() => select(change.target === selectedKey ? change.source : change.target)}
            >
              <span className="link-name">
                <Name compared={compared} of={change.source} />
                <span>
                  → <Name compared={compared} of={change.target} />
                </span>
              </span>
              <Signed value={change.left} />
              <span className="soft">→</span>
              <Signed value={change.right} />
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** A node of both graphs; where they hold different tokens there, both of them. */
function Name({ compared, of }: { compared: Compared; of: string }) {
  const found = ([0, 1] as const).flatMap((i) => {
    const node = compared.index[i].get(of);
    return node === undefined ? [] : [{ model: compared.sides[i].model, node }];
  });
  const titles = [...new Set(found.map(({ model, node }) => title(model, node)))];
  const [first] = found;
  const at = first ? place(first.model, first.node) : '';
  return (
    <span title={titles.length > 1 ? `left ${titles[0]}, right ${titles[1]}` : titles[0]}>
      {titles.join(' | ')}
      {at.startsWith('L') && !titles.includes(at) && <span className="soft"> {at}</span>}
    </span>
  );
}

function Signed({ value }: { value: number }) {
  if (value === 0) return <span className="link-share soft">none</span>;
  return (
    <span className={`link-share ${value < 0 ? 'negative' : 'positive'}`}>
      {value < 0 ? '−' : '+'}
      {percent(Math.abs(value))}
    </span>
  );
}

interface OnlyProps {
  i: 0 | 1;
  compared: Compared;
  hovers: readonly [Hover, Hover];
  select: (key: string) => void;
}

function Only({ i, compared, hovers, select }: OnlyProps) {
  const { model, keys } = compared.sides[i];
  const { importance } = compared.contents[i];
  const nodes = [...compared.difference.only[i]].sort(
    (a, b) => (importance[b] ?? 0) - (importance[a] ?? 0),
  );
  if (!nodes.length)
    return <p className="small">All nodes shown here are in the other graph too.</p>;
  return (
    <ul onKeyDown={walkRows}>
      {nodes.slice(0, LISTED).map((node) => (
        <li key={node}>
          <button
            type="button"
            className="link-row only"
            onClick={() => select(keys[node] ?? '')}
            {...whilePointed(
              () => hovers[i].set(node),
              () => hovers[i].set(-1),
            )}
          >
            <Shape kind={model.kind[node] ?? 0} />
            <span className="link-name">
              <span>{title(model, node)}</span>
              <span className="soft small">
                {place(model, node)} {where(model, node)}
              </span>
            </span>
            <span className="link-share soft">
              {percent(model.document.nodes.influence[node] ?? 0)}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
