import { useMemo, useState } from 'react';
import { JsonTree } from '../../components/json-tree';
import { Empty, Failed, Loading } from '../../components/states';
import type { MetricsRow, RunInfo } from '../../documents';
import { count } from '../../format';
import { Link } from '../../navigation';
import { curvesOf } from './curves';
import { Charts } from './charts';
import { useLiveRun } from './live';
import './run.css';

/** A run of training, while it goes on and afterwards. */
export function RunPage({ id }: { id: string }) {
  const { run, rows, error } = useLiveRun(id);
  if (!run) return error ? <Failed error={error} /> : <Loading what="Reading the run" />;
  return (
    <>
      {error && <Failed error={error} />}
      <RunView run={run} rows={rows} />
    </>
  );
}

const AXIS_NAMES = ['step', 'tokens', 'epoch'];

export function RunView({ run, rows }: { run: RunInfo; rows: MetricsRow[] }) {
  const { axes, curves } = useMemo(() => curvesOf(rows), [rows]);
  const [axis, setAxis] = useState('step');
  const x = axes.get(axis) ?? axes.get('step') ?? rows.map((_, i) => i);
  return (
    <div className="page run-page">
      <RunHead run={run} />
      {rows.length === 0 ? (
        <Empty title="No metrics yet">
          {run.finished
            ? 'The run has no metrics.jsonl.'
            : 'Training writes the first row after a few steps; it appears here by itself.'}
        </Empty>
      ) : (
        <>
          <div className="controls">
            <label className="small soft">
              Over{' '}
              <select value={axis} onChange={(event) => setAxis(event.target.value)}>
                {AXIS_NAMES.filter((name) => axes.has(name)).map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
          </div>
          <Charts curves={curves} x={x} xName={axis} />
        </>
      )}
      <section className="card recipe" aria-label="Recipe">
        <h2>Recipe</h2>
        <JsonTree value={run.recipe} />
      </section>
    </div>
  );
}

function RunHead({ run }: { run: RunInfo }) {
  return (
    <header className="page-head">
      <h1>{titleOf(run)}</h1>
      <span className={`run-state ${stateOf(run).replace(' ', '-')}`}>{stateOf(run)}</span>
      <progress aria-label="Steps" value={run.step} max={Math.max(1, run.steps)} />
      <span className="soft">
        step {count(run.step)} of {count(run.steps)}
      </span>
      {run.dictionaries.length > 0 && (
        <p className="crumbs">
          {run.dictionaries.length === 1 ? 'Dictionary: ' : 'Dictionaries: '}
          {run.dictionaries.join(', ')}
        </p>
      )}
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
