/** Beside the graph: what the selected node is, what it is made of, what it does. */

import { useState } from 'react';
import { SourceMark } from '../../components/label';
import type { Edge } from '../edge/edges';
import type { Effects } from '../model/effects';
import { FEATURE, KINDS } from '../model/graph';
import { percent, place, signed, title, where } from '../model/names';
import type { Hover } from '../state/hover';
import type { Session } from '../state/session';
import { supernodeOf } from '../state/view';
import { FeatureDetails } from './feature-details';
import { Links } from './links';
import { Overview } from './overview';
import { NodePrompts } from './prompts';
import { Shape } from './shape';

interface NodePaneProps {
  session: Session;
  hover: Hover;
  effects: Effects | null;
  select: (node: number) => void;
  relabel: (layer: number, feature: number, label: string) => void;
  /** Absent where no server could say why an edge is there. */
  why?: ((edges: readonly Edge[]) => void) | undefined;
}

type Tab = 'inputs' | 'outputs' | 'feature';

export function NodePane({ session, hover, effects, select, relabel, why }: NodePaneProps) {
  const [tab, setTab] = useState<Tab>('inputs');
  const { model, selected, content } = session;
  if (selected < 0) return <Overview session={session} hover={hover} select={select} />;
  const isFeature = model.kind[selected] === FEATURE;
  const tabs: Tab[] = isFeature ? ['inputs', 'outputs', 'feature'] : ['inputs', 'outputs'];
  const open = tabs.includes(tab) ? tab : 'inputs';
  return (
    <div className="node-pane">
      <NodeHead session={session} effects={effects} />
      <div className="graph-tabs" role="tablist" aria-label="About the node">
        {tabs.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            aria-selected={open === name}
            onClick={() => setTab(name)}
          >
            {name[0]?.toUpperCase()}
            {name.slice(1)}
          </button>
        ))}
      </div>
      <div role="tabpanel" aria-label={open} className="node-pane-body">
        {open === 'feature' ? (
          <FeatureDetails
            key={session.view.nodes.id[selected]}
            session={session}
            node={selected}
            relabel={relabel}
          />
        ) : (
          <Links
            key={`${selected} ${open}`}
            model={model}
            shown={content.shown}
            node={selected}
            side={open}
            hover={hover}
            select={select}
            why={why}
          />
        )}
      </div>
    </div>
  );
}

function NodeHead({ session, effects }: { session: Session; effects: Effects | null }) {
  const { model, view, state, act, selected } = session;
  const id = view.nodes.id[selected] as string;
  const pinned = state.pinned.includes(id);
  const group = supernodeOf(state, id);
  return (
    <header className="node-head">
      <h3 className="node-title">
        <Shape kind={model.kind[selected] ?? 0} /> {title(model, selected)}{' '}
        <SourceMark source={view.label_sources[id] ?? ''} />
      </h3>
      <p className="soft small">
        {[KINDS[model.kind[selected] ?? 0], place(model, selected), where(model, selected)]
          .filter((text, i, all) => text && all.indexOf(text) === i)
          .join(' · ')}
        {group && ` · in ${group.label}`}
      </p>
      <Figures session={session} effects={effects} />
      <NodePrompts prompts={session.prompts} node={selected} />
      <div className="node-actions">
        <button
          type="button"
          aria-pressed={pinned}
          onClick={() => act({ do: pinned ? 'unpin' : 'pin', nodes: [id] })}
        >
          {pinned ? 'Unpin' : 'Pin'} <kbd>p</kbd>
        </button>
        <button type="button" className="plain" onClick={() => act({ do: 'select', node: null })}>
          Deselect
        </button>
      </div>
    </header>
  );
}

function Figures({ session, effects }: { session: Session; effects: Effects | null }) {
  const { view, ranked, selected } = session;
  const { activation, probability } = view.nodes;
  const figures: [string, string][] = [];
  const active = activation[selected];
  const likely = probability[selected];
  if (active !== null && active !== undefined) figures.push(['activation', active.toPrecision(3)]);
  if (likely !== null && likely !== undefined) figures.push(['probability', percent(likely)]);
  const influence = ranked.influence[selected] ?? 0;
  if (influence > 0) figures.push(['influence', percent(influence)]);
  if (effects) {
    figures.push(['direct effect', signed(effects.direct[selected] ?? 0)]);
    figures.push(['total effect', signed(effects.total[selected] ?? 0)]);
  }
  return (
    <dl className="graph-figures">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
