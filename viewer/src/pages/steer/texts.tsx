import { useMemo, useState } from 'react';
import { Progress } from '../../components/progress';
import type { SteerJob, Steering } from '../../documents';
import type { JobState } from '../../source';
import { differences } from './differences';
import { Panel } from './panel';
import { Readout } from './readout';
import type { Run } from './use-steering';

export type Which = 'default' | 'steered';
export interface Spot {
  which: Which;
  token: number;
}

interface TextsProps {
  run: Run;
  cancel: () => void;
  job: SteerJob | null;
  atlas: string;
}

/** Both texts, side by side. */
export function Texts({ run, cancel, job, atlas }: TextsProps) {
  const [spot, setSpot] = useState<Spot>();
  const [picked, setPicked] = useState(0);
  const changed = useMemo(() => run.result && differencesOf(run.result), [run.result]);
  const { phase, result } = run;
  const feature = Math.min(picked, Math.max(0, (result?.features.length ?? 0) - 1));
  if (phase === 'idle') {
    return (
      <p className="soft none">
        {job
          ? 'Asking …'
          : 'Type a prompt. The text that the model writes by itself appears beside the one that it writes with the changes; both from the same seed.'}
      </p>
    );
  }
  const sides: Which[] = ['default', 'steered'];
  return (
    <section className="steer-texts" aria-label="Texts">
      <div className="steer-progress">
        <Progress status={statusOf(run)} cancel={cancel} />
        {result && phase === 'done' && (
          <p className="steer-same" role="status">
            {sameOf(result)}
          </p>
        )}
      </div>
      <div className="steer-panels">
        {sides.map((which, side) => (
          <Panel
            key={which}
            which={which}
            tokens={streamedOf(run, which)}
            prompt={run.asking?.prompt ?? ''}
            result={result}
            running={phase === 'running'}
            stale={phase !== 'done' && !(which === 'default' && keepsDefault(run))}
            changed={changed?.[side] ?? []}
            feature={feature}
            spot={spot?.which === which ? spot.token : undefined}
            point={(token) => setSpot(token === undefined ? undefined : { which, token })}
          />
        ))}
      </div>
      {result && phase === 'done' && (
        <Readout
          result={result}
          spot={spot}
          feature={feature}
          pick={setPicked}
          atlas={atlas}
          point={setSpot}
        />
      )}
    </section>
  );
}

function sameOf(result: Steering): string {
  const same = result.default.tokens.join('\n') === result.steered.tokens.join('\n');
  return same
    ? 'Both texts are the same, token by token.'
    : 'What the other text lacks is underlined.';
}

/** Tokens that are being generated; undefined where the last result is still to be shown. */
function streamedOf(run: Run, which: Which): string[] | undefined {
  if (run.phase === 'done') return undefined;
  if (which === 'default' && keepsDefault(run)) return undefined;
  const streamed = run.job?.streamed?.[which];
  return streamed ?? (run.result ? undefined : []);
}

/** Whether only changes differ since the result: the text without them is still right. */
function keepsDefault({ result, asked, asking }: Run): boolean {
  return result !== undefined && withoutChanges(asked) === withoutChanges(asking);
}

function withoutChanges(job: SteerJob | undefined): string {
  return JSON.stringify({ ...job, interventions: [] });
}

function differencesOf(result: Steering): [boolean[], boolean[]] {
  const generated = (tokens: string[]) => tokens.slice(result.n_prompt);
  return differences(generated(result.default.tokens), generated(result.steered.tokens));
}

function statusOf(run: Run): JobState<unknown> {
  if (run.phase === 'running') return { state: 'running', job: run.job };
  if (run.phase === 'failed') return { state: 'failed', message: run.message };
  return { state: run.phase === 'cancelled' ? 'cancelled' : 'idle' };
}
