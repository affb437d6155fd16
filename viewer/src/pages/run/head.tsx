import type { RunInfo } from '../../documents';
import { count } from '../../format';
import { Link } from '../../navigation';
import { useLoad, useSource } from '../../source';

/** What is trained, how far it is, and what came of it. */
export function RunHead({ run }: { run: RunInfo }) {
  return (
    <header className="page-head">
      <h1>{titleOf(run)}</h1>
      <span className={`run-state ${stateOf(run).replace(' ', '-')}`}>{stateOf(run)}</span>
      <progress aria-label="Steps" value={run.step} max={Math.max(1, run.steps)} />
      <span className="soft">
        step {count(run.step)} of {count(run.steps)}
      </span>
      <Dictionaries run={run} />
      {run.evaluations.length > 0 && (
        <p className="crumbs">
          Evaluated:{' '}
          {run.evaluations.map(({ id, name }) => (
            <Link key={id} to={{ page: 'evaluation', id }}>
              {name}
            </Link>
          ))}
        </p>
      )}
    </header>
  );
}

/** The names that the recipe gives its dictionaries: those exist from the first step on. */
function titleOf({ recipe }: RunInfo): string {
  const list: unknown = recipe.dictionary;
  const names = Array.isArray(list) ? list.map((one: { name?: string }) => one.name ?? '') : [];
  if (names.length === 0) return 'Training';
  return names.length > 3
    ? `Training of ${names.length} dictionaries`
    : `Training of ${names.join(', ')}`;
}

function stateOf(run: RunInfo): string {
  if (run.finished) return 'finished';
  return run.active ? 'training' : 'stopped';
}

/** Those that the run has finished, by their names in the library. */
function Dictionaries({ run }: { run: RunInfo }) {
  const source = useSource();
  const ids = run.dictionaries.join();
  const library = useLoad((signal) => source.library(signal), [source, ids]);
  if (library.state !== 'ready') return null;
  const found = library.value.entries.filter(({ id }) => run.dictionaries.includes(id));
  if (found.length === 0) return null;
  return (
    <p className="crumbs">
      {found.length === 1 ? 'Dictionary:' : 'Dictionaries:'}
      {found.map(({ id, name }) => (
        <Link key={id} to={{ page: 'xray', id }} title="X-ray a text with it">
          {name}
        </Link>
      ))}
    </p>
  );
}
