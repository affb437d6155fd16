/** Of a merged graph: what is drawn of which prompts, and in which of them a node is. */

import { COMMON, membership, type Prompts } from '../model/prompts';
import { percent } from '../model/names';

interface PromptChoiceProps {
  prompts: Prompts | null;
  choice: string;
  choose: (choice: string) => void;
}

/** Which prompts' circuits are drawn, and what the mark of nodes that not all have looks like. */
export function PromptChoice({ prompts, choice, choose }: PromptChoiceProps) {
  if (!prompts) return null;
  const common = prompts.count.reduce(
    (n, count) => n + (count === prompts.names.length ? 1 : 0),
    0,
  );
  return (
    <div className="prompt-choice">
      <label title="Draw all of it, what every prompt’s pruned graph keeps, or what one’s keeps; pinned nodes always show">
        <span>Prompts</span>
        <select value={choice} onChange={(event) => choose(event.target.value)}>
          <option value="">all {prompts.names.length}</option>
          <option value={COMMON}>common to all ({common})</option>
          {prompts.names.map((name, i) => (
            <option key={i} value={i}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <span className="soft" title="Drawn hollow and dashed: not every prompt’s circuit has it">
        <svg viewBox="-7 -7 14 14" width="14" height="14" aria-hidden="true">
          <circle r="5" />
        </svg>{' '}
        not in all
      </span>
    </div>
  );
}

const OPEN_UP_TO = 4;

/** In which prompts a node is, and how much passes through it there. */
export function NodePrompts({ prompts, node }: { prompts: Prompts | null; node: number }) {
  if (!prompts) return null;
  const { names, kept, influence } = prompts;
  return (
    <details className="node-prompts small" open={names.length <= OPEN_UP_TO}>
      <summary>{membership(prompts, node)}</summary>
      <ul aria-label="prompts">
        {names.map((name, i) => (
          <li key={i} className={kept[i]?.[node] ? '' : 'soft'}>
            <span className="prompt-name" title={name}>
              {name}
            </span>
            <span>{wordsOf(influence[i]?.[node], kept[i]?.[node] === 1)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function wordsOf(influence: number | null | undefined, kept: boolean): string {
  if (influence === null || influence === undefined) return 'not there';
  if (!kept) return 'pruned away';
  return influence > 0 ? `influence ${percent(influence)}` : 'kept';
}
