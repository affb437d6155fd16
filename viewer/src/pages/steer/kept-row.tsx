import type { Change, Kept } from './change';
import { keptAs } from './keep';
import { RowHead } from './row-head';
import { interventionWords } from './words';

interface KeptRowProps {
  change: Kept;
  put: (next: Change | undefined) => void;
}

/** A change that has no slider, as it is in its recipe. */
export function KeptRow({ change, put }: KeptRowProps) {
  const intervention = keptAs(change.key);
  const words = intervention ? interventionWords(intervention) : 'a change of a recipe';
  return (
    <li className={`steer-change ${change.off ? 'off' : ''}`} aria-label={words}>
      <RowHead
        name={words}
        off={change.off}
        lost={!intervention}
        turn={(off) => put({ ...change, off })}
        remove={() => put(undefined)}
      >
        {words}
      </RowHead>
      {!intervention && (
        <p className="steer-wrong small">It was not in the address; open its recipe again.</p>
      )}
    </li>
  );
}
