/** Beside the graph: a supernode, its name, its members, what flows into it and out of it. */

import { useMemo } from 'react';
import type { Supernode } from '../model/document';
import { percent } from '../model/names';
import { type Flow, type Subgraph, subgraph } from '../model/subgraph';
import type { Groups } from '../state/groups';
import type { Hover } from '../state/hover';
import type { Session } from '../state/session';
import { walkRows } from './links';
import { NodeRow } from './node-row';

interface GroupPaneProps {
  session: Session;
  group: Supernode;
  groups: Groups;
  marked: ReadonlySet<number>;
  hover: Hover;
  select: (node: number) => void;
}

export function GroupPane({ session, group, groups, marked, hover, select }: GroupPaneProps) {
  const { model, state, ranked } = session;
  const made = useMemo(() => subgraph(model, state), [model, state]);
  const nodes = group.members.map((id) => model.index.get(id) ?? -1).filter((node) => node >= 0);
  const influence = nodes.map((node) => ranked.influence[node] ?? 0);
  const most = Math.max(...influence) || 1;
  return (
    <div className="node-pane group-editor" role="group" aria-label="Supernode">
      <header className="node-head">
        <NameField key={group.id} session={session} group={group} unnamed={groups.unnamed} />
        <p className="soft small">
          supernode · {nodes.length} {nodes.length === 1 ? 'node' : 'nodes'} that are read as one
        </p>
        <Tools session={session} group={group} groups={groups} marked={marked} />
      </header>
      <div className="node-pane-body links">
        <h4>Members, by influence</h4>
        <ul onKeyDown={walkRows} aria-label="members">
          {nodes.map((node, i) => (
            <NodeRow
              key={node}
              model={model}
              node={node}
              size={(influence[i] ?? 0) / most}
              hover={hover}
              select={select}
              beside={<TakeOut session={session} member={group.members[i] ?? ''} />}
            >
              {percent(influence[i] ?? 0)}
            </NodeRow>
          ))}
        </ul>
        <Flows made={made} id={group.id} side="inputs" />
        <Flows made={made} id={group.id} side="outputs" />
      </div>
    </div>
  );
}

function NameField({ session, group, unnamed }: GroupNameProps) {
  const { act } = session;
  return (
    <textarea
      aria-label="Name of the supernode"
      className="group-name"
      rows={group.label.length > 32 ? 2 : 1}
      autoFocus={unnamed}
      onFocus={(event) => event.target.select()}
      value={group.label}
      onChange={(event) =>
        act({
          do: 'rename',
          supernode: group.id,
          label: event.target.value.replaceAll('\n', ' ').slice(0, 200),
        })
      }
      onBlur={() => act({ do: 'settle' })}
      onKeyDown={(event) => {
        if (event.key === 'Enter' || event.key === 'Escape') event.currentTarget.blur();
      }}
    />
  );
}

interface GroupNameProps {
  session: Session;
  group: Supernode;
  unnamed: boolean;
}

type ToolsProps = Pick<GroupPaneProps, 'session' | 'group' | 'groups' | 'marked'>;

function Tools({ session, group, groups, marked }: ToolsProps) {
  const { act, view } = session;
  const more = [...marked]
    .map((node) => view.nodes.id[node] as string)
    .filter((id) => !group.members.includes(id));
  return (
    <div className="node-actions">
      <button
        type="button"
        disabled={!more.length}
        title="Mark nodes with Shift and click first"
        onClick={() => act({ do: 'add', supernode: group.id, nodes: more })}
      >
        Add {more.length || ''} marked
      </button>
      <button type="button" onClick={() => act({ do: 'ungroup', supernode: group.id })}>
        Ungroup <kbd>u</kbd>
      </button>
      <button type="button" className="plain" onClick={() => groups.show(null)}>
        Close
      </button>
    </div>
  );
}

function TakeOut({ session, member }: { session: Session; member: string }) {
  return (
    <button
      type="button"
      className="plain"
      title="Take it out of the supernode"
      aria-label={`Take ${member} out of the supernode`}
      onClick={() => session.act({ do: 'remove', nodes: [member] })}
    >
      ✕
    </button>
  );
}

interface FlowsProps {
  made: Subgraph;
  id: string;
  side: 'inputs' | 'outputs';
}

/** Between the supernode and the rest of the subgraph. */
function Flows({ made, id, side }: FlowsProps) {
  const at = made.items.findIndex((item) => item.id === id);
  const [own, other] = side === 'inputs' ? ['target', 'source'] : ['source', 'target'];
  const flows = made.flows
    .filter((flow) => flow[own as keyof Flow] === at)
    .sort((a, b) => Math.abs(b.share) - Math.abs(a.share));
  if (!flows.length) return null;
  return (
    <>
      <h4>
        {side === 'inputs' ? 'From the subgraph, of its inputs' : 'To the subgraph, of theirs'}
      </h4>
      <ul aria-label={side}>
        {flows.map((flow) => {
          const item = made.items[flow[other as keyof Flow]];
          return (
            <li key={item?.id} className="group-flow small">
              <span className="link-name">
                <span>{item?.label}</span>
                <span className="soft small">{item?.note}</span>
              </span>
              <span className={`link-share ${flow.share < 0 ? 'negative' : 'positive'}`}>
                {flow.share < 0 ? '−' : '+'}
                {percent(Math.abs(flow.share))}
              </span>
            </li>
          );
        })}
      </ul>
    </>
  );
}
