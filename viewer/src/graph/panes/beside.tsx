/** The pane at the right of the graph: tests, an edge, a supernode, effects, or a node. */

import type { Edge } from '../edge/edges';
import { EdgePane } from '../edge/pane';
import type { Effects } from '../model/effects';
import { place } from '../model/names';
import type { Groups } from '../state/groups';
import type { Hover } from '../state/hover';
import type { Session } from '../state/session';
import { TestsPane } from '../verify/pane';
import type { Tests } from '../verify/use-tests';
import { EffectsList } from './effects-list';
import { GroupPane } from './group-pane';
import { NodePane } from './node-pane';

/** What a reader asked for in the place of the selected node. */
export type Asked = { what: 'tests' } | { what: 'edge'; edges: readonly Edge[] } | null;

export interface BesideProps {
  session: Session;
  asked: Asked;
  ask: (asked: Asked) => void;
  tests: Tests;
  hover: Hover;
  groups: Groups;
  marked: ReadonlySet<number>;
  mark: (nodes: ReadonlySet<number>) => void;
  effects: Effects | null;
  /** Whose effects they are. */
  explained: string;
  select: (node: number) => void;
  selectMember: (node: number) => void;
  relabel: (layer: number, feature: number, label: string) => void;
  /** Absent where no server could say why. */
  why: ((edges: readonly Edge[]) => void) | undefined;
}

export function besideTitle({ asked, session, groups, effects }: BesideProps): string {
  if (asked) return asked.what === 'tests' ? 'Verification' : 'Why this edge';
  if (session.selected >= 0) return place(session.model, session.selected);
  return groups.open ? 'Supernode' : effects ? 'Effects' : 'Overview';
}

export function Beside(props: BesideProps) {
  const { session, asked, ask, tests, hover, groups, marked, mark, effects, select } = props;
  const close = () => ask(null);
  if (asked?.what === 'tests')
    return <TestsPane {...{ session, tests, hover, mark, select, close }} />;
  if (asked?.what === 'edge') {
    const { edges } = asked;
    const key = edges.map(({ source, target }) => `${source} ${target}`).join();
    return <EdgePane key={key} {...{ session, edges, select, close }} />;
  }
  if (groups.open && session.selected < 0)
    return (
      <GroupPane
        session={session}
        group={groups.open}
        groups={groups}
        marked={marked}
        hover={hover}
        select={props.selectMember}
      />
    );
  if (effects && session.selected < 0)
    return (
      <EffectsList
        model={session.model}
        shown={session.content.shown}
        effects={effects}
        what={props.explained}
        hover={hover}
        select={select}
      />
    );
  const { relabel, why } = props;
  return <NodePane {...{ session, hover, effects, select, relabel, why }} />;
}
