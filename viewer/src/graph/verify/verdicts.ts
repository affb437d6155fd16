/** Which verdict an edge of the subgraph has: from the groups that were tested. */

import type { Verification } from '../../documents';
import type { ViewState } from '../model/document';
import type { GraphModel } from '../model/graph';
import type { Flow, Item, Subgraph } from '../model/subgraph';
import { freshId } from '../state/view';
import { interval, LINES, type Mode, score, type Verdict } from './words';

export interface FlowVerdict {
  verdict: Verdict;
  /** In a sentence: what it means, slope and interval, and what was tested in its place. */
  words: string;
}

const UNTESTED: FlowVerdict = {
  verdict: 'not tested',
  words: `not tested: ${LINES['not tested'].meaning}`,
};

/** Verdicts on the flows of a subgraph. */
export function verdictsOn(
  found: Verification,
  model: GraphModel,
  made: Subgraph,
  mode: Mode,
): (flow: Flow) => FlowVerdict {
  const groupOf = new Map(found.groups.flatMap((g) => g.members.map((id) => [id, g] as const)));
  const edges = new Map(found.edges.map((edge) => [`${edge.source}\n${edge.target}`, edge]));
  const labels = made.items.map((item) => labelOf(item, model, groupOf));
  return (flow) => {
    const [from, to] = [labels[flow.source], labels[flow.target]];
    const edge = from && to && edges.get(`${from.label}\n${to.label}`);
    const judged = edge ? edge.verdicts[mode] : undefined;
    if (!edge || !judged) return UNTESTED;
    const wider = [from, to].filter((end) => !end.whole).map((end) => `“${end.label}”`);
    const figures =
      judged.slope === null ? '' : ` · slope ${score(judged.slope)}, ${interval(judged.interval)}`;
    const as = wider.length ? ` · tested as a part of ${wider.join(' and ')}` : '';
    const words = `${judged.verdict} (${mode}): ${LINES[judged.verdict].meaning}${figures}${as}`;
    return { verdict: judged.verdict, words };
  };
}

interface Tested {
  label: string;
  /** Whether all of it was tested, and nothing else. */
  whole: boolean;
}

type Group = Verification['groups'][number];

function labelOf(
  item: Item,
  model: GraphModel,
  groupOf: ReadonlyMap<string, Group>,
): Tested | undefined {
  const ids = item.members.map((node) => model.document.nodes.id[node] as string);
  const groups = new Set(ids.map((id) => groupOf.get(id)));
  if (groups.size !== 1) return undefined;
  const [group] = groups;
  // an answer is a target by its own name
  if (!group) return ids.length === 1 ? { label: ids[0] as string, whole: true } : undefined;
  return { label: group.label, whole: group.members.length === ids.length };
}

const DRAWN = 14;

/** The reader's state with the groups that were tested as its circuit. */
export function withTestedGroups(
  found: Verification,
  model: GraphModel,
  state: ViewState,
): ViewState {
  const known = (ids: readonly string[]) => ids.filter((id) => model.index.has(id));
  const groups = found.groups
    .map((group) => ({ ...group, members: known(group.members) }))
    .filter((group) => group.members.length)
    .slice(0, DRAWN);
  const answers = model.document.nodes.id.filter((_, i) => (model.start[i] ?? 0) > 0).slice(0, 3);
  let supernodes: ViewState['supernodes'] = [];
  for (const { label, members } of groups)
    if (members.length > 1)
      supernodes = [...supernodes, { id: freshId(supernodes), label, members }];
  const pinned = [...new Set([...answers, ...groups.flatMap((group) => group.members)])];
  return { ...state, pinned, supernodes, places: {} };
}
