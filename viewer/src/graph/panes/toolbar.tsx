/** How much of the graph is drawn, which kinds, coloured by what; search, undo and redo. */

import { type RefObject, useMemo, useState } from 'react';
import { targetsOf } from '../model/effects';
import { type GraphModel, KINDS } from '../model/graph';
import { looseness, place, search, title, where } from '../model/names';
import { type Hover, whilePointed } from '../state/hover';
import type { Session } from '../state/session';
import { PromptChoice } from './prompts';
import { Shape } from './shape';
import { Threshold } from './threshold';

interface ToolbarProps {
  session: Session;
  hover: Hover;
  plus: string;
  minus: string;
  explain: (plus: string, minus: string) => void;
  /** Of a merged graph: whose circuit is drawn. */
  prompt: string;
  choosePrompt: (prompt: string) => void;
  select: (node: number) => void;
  searchField: RefObject<HTMLInputElement | null>;
}

export function Toolbar(props: ToolbarProps) {
  const { session, hover, plus, minus, explain, prompt, choosePrompt, select, searchField } = props;
  return (
    <div className="graph-toolbar" role="toolbar" aria-label="Graph">
      <Thresholds session={session} />
      <Kinds session={session} />
      <PromptChoice prompts={session.prompts} choice={prompt} choose={choosePrompt} />
      <Explain model={session.model} plus={plus} minus={minus} explain={explain} />
      <Search session={session} hover={hover} select={select} field={searchField} />
    </div>
  );
}

function Thresholds({ session }: { session: Session }) {
  const { state, act, pruned, view } = session;
  const most = (value: number) => (view.complete ? 1 : value);
  const hint = (what: string, value: number) =>
    view.complete
      ? what
      : `${what}; the graph was pruned at ${value.toFixed(2)} before it came here, the rest is not in it`;
  return (
    <div className="thresholds">
      <Threshold
        name="Nodes"
        title={hint(
          'Keep the nodes that hold this share of all influence on the targets',
          view.node_threshold,
        )}
        value={state.node_threshold}
        max={most(view.node_threshold)}
        left={[pruned.nNodes, view.nodes.id.length]}
        set={(node) => act({ do: 'threshold', node })}
        settle={() => act({ do: 'settle' })}
      />
      <Threshold
        name="Edges"
        title={hint(
          'Keep the edges that hold this share of what flows between the kept nodes',
          view.edge_threshold,
        )}
        value={state.edge_threshold}
        max={most(view.edge_threshold)}
        left={[pruned.nEdges, view.edges.source.length]}
        set={(edge) => act({ do: 'threshold', edge })}
        settle={() => act({ do: 'settle' })}
      />
    </div>
  );
}

/** The key of the drawing, whose entries hide and show their kind. */
function Kinds({ session }: { session: Session }) {
  const { model, state, act } = session;
  const present = useMemo(() => KINDS.filter((_, code) => model.kind.includes(code)), [model]);
  return (
    <div className="graph-kinds" role="group" aria-label="Kinds of nodes that are shown">
      {present.map((kind) => (
        <button
          key={kind}
          type="button"
          aria-pressed={!state.hidden.includes(kind)}
          title={state.hidden.includes(kind) ? `Show ${kind} nodes` : `Hide ${kind} nodes`}
          onClick={() => act({ do: 'hide', kind })}
        >
          <Shape kind={KINDS.indexOf(kind)} /> {kind}
        </button>
      ))}
    </div>
  );
}

interface ExplainProps {
  model: GraphModel;
  plus: string;
  minus: string;
  explain: (plus: string, minus: string) => void;
}

/** Colour by signed effect on one answer, or on one answer rather than another. */
function Explain({ model, plus, minus, explain }: ExplainProps) {
  const targets = useMemo(() => targetsOf(model), [model]);
  const id = (node: number) => model.document.nodes.id[node] ?? '';
  return (
    <div className="explain">
      <label title="Colour nodes by their signed effect on an answer, or on the difference of two">
        <span>Explain</span>
        <select value={plus} onChange={(event) => explain(event.target.value, minus)}>
          <option value="">influence</option>
          {targets.map((node) => (
            <option key={node} value={id(node)}>
              {title(model, node)}
            </option>
          ))}
        </select>
      </label>
      {plus && targets.length > 1 && (
        <label title="The difference of two logits: what makes the one more likely than the other">
          <span>minus</span>
          <select value={minus} onChange={(event) => explain(plus, event.target.value)}>
            <option value="">nothing</option>
            {targets
              .filter((node) => id(node) !== plus)
              .map((node) => (
                <option key={node} value={id(node)}>
                  {title(model, node)}
                </option>
              ))}
          </select>
        </label>
      )}
    </div>
  );
}

interface SearchProps {
  session: Session;
  hover: Hover;
  select: (node: number) => void;
  field: RefObject<HTMLInputElement | null>;
}

const FOUND = 30;
const nothing = () => undefined;

function Search({ session, hover, select, field }: SearchProps) {
  const { model, content } = session;
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const found = useMemo(() => {
    const shownFirst = (node: number) => (content.shown[node] ? 0 : 1);
    const loose = (node: number) => looseness(title(model, node), query);
    const rank = (a: number, b: number) =>
      loose(a) - loose(b) ||
      shownFirst(a) - shownFirst(b) ||
      (content.importance[b] ?? 0) - (content.importance[a] ?? 0);
    return search(model, query).sort(rank);
  }, [model, content, query]);
  const listed = found.slice(0, FOUND);
  const open = (node: number | undefined) => {
    if (node === undefined) return;
    select(node);
    setQuery('');
    hover.set(-1);
    field.current?.blur();
  };
  const move = (next: number) => {
    setAt(next);
    hover.set(listed[next] ?? -1);
  };
  return (
    <div className="graph-search">
      <input
        ref={field}
        type="search"
        role="combobox"
        aria-expanded={query !== ''}
        aria-controls="graph-search-list"
        aria-label="Search labels in the graph"
        placeholder="Search labels  /"
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') move(Math.min(at + 1, listed.length - 1));
          else if (event.key === 'ArrowUp') move(Math.max(at - 1, 0));
          else if (event.key === 'Enter') open(listed[at]);
          else if (event.key === 'Escape') {
            setQuery('');
            event.currentTarget.blur();
          } else return;
          event.preventDefault();
        }}
      />
      {query && (
        <ul id="graph-search-list" role="listbox" aria-label="Found">
          {listed.map((node, i) => (
            <li
              key={node}
              role="option"
              aria-selected={i === at}
              className={content.shown[node] ? '' : 'away'}
              {...whilePointed(() => move(i), nothing)}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => open(node)}
            >
              <Shape kind={model.kind[node] ?? 0} /> {title(model, node)}{' '}
              <span className="soft small">
                {place(model, node)} {where(model, node)}
                {content.shown[node] ? '' : ' · pruned away'}
              </span>
            </li>
          ))}
          {!listed.length && <li className="soft">No node’s label or name has all these words.</li>}
          {found.length > FOUND && <li className="soft small">and {found.length - FOUND} more</li>}
        </ul>
      )}
    </div>
  );
}
