import { useMemo, useState } from 'react';
import { JsonTree } from '../../components/json-tree';
import { Empty, Failed, Loading } from '../../components/states';
import type { MetricsRow, RunInfo } from '../../documents';
import { curvesOf } from './curves';
import { Charts } from './charts';
import { RunHead } from './head';
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
