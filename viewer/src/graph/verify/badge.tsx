import type { Tests } from './use-tests';
import { BELIEFS } from './words';

interface BadgeProps {
  tests: Tests;
  open: boolean;
  toggle: () => void;
}

/** How far the graph can be believed, in a sign and a word; opens the reasons. */
export function Badge({ tests, open, toggle }: BadgeProps) {
  const { found, problem, can, status } = tests;
  if (found === undefined || (!found && !problem && !can)) return null;
  const { sign, word, tone } = found
    ? BELIEFS[found.belief]
    : { sign: '○', word: problem ? 'Test unreadable' : 'Not tested', tone: 'untested' };
  const running = status.state === 'running';
  const why = found?.reasons[0] ?? 'Nobody has tested this graph on the model yet';
  return (
    <button
      type="button"
      className={`belief ${tone}`}
      aria-pressed={open}
      title={`${why}. Click for all that was measured.`}
      onClick={toggle}
    >
      <span aria-hidden="true">{running ? '…' : sign}</span> {running ? 'Testing' : word}
    </button>
  );
}
