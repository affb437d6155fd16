/** Above the drawing: what can be done with the nodes that are marked, or pinned first. */

import { suggested } from '../model/subgraph';
import type { Groups } from '../state/groups';
import type { Session } from '../state/session';

interface GraphToolsProps {
  /** With Shift. */
  marked: ReadonlySet<number>;
  clear: () => void;
  session: Session;
  groups: Groups;
}

export function GraphTools(props: GraphToolsProps) {
  const { marked, session } = props;
  if (marked.size) return <Marked {...props} />;
  if (session.state.pinned.length)
    return <span className="small soft">Shift and click marks nodes to group</span>;
  return (
    <span className="marked small">
      <span className="soft">
        Pin nodes with <kbd>p</kbd> to draw their circuit below
      </span>
      <PinSuggested session={session} />
    </span>
  );
}

const SUGGESTED = 12;

/** Pins what a reader would look at first. */
export function PinSuggested({ session }: { session: Session }) {
  const { model, ranked, act, view } = session;
  const pin = () => {
    const nodes = suggested(model, ranked.influence, SUGGESTED);
    act({ do: 'pin', nodes: nodes.map((i) => view.nodes.id[i] as string) });
  };
  return (
    <button type="button" onClick={pin}>
      Pin the {SUGGESTED} of most influence
    </button>
  );
}

function Marked({ marked, clear, session, groups }: GraphToolsProps) {
  const nodes = [...marked].map((node) => session.view.nodes.id[node] as string);
  const group = () => {
    groups.make(nodes);
    clear();
  };
  return (
    <span className="marked small">
      {marked.size} marked
      <button type="button" onClick={group}>
        Group <kbd>Shift g</kbd>
      </button>
      <button type="button" onClick={() => session.act({ do: 'pin', nodes })}>
        Pin
      </button>
      <button type="button" className="plain" onClick={clear}>
        Clear
      </button>
    </span>
  );
}
