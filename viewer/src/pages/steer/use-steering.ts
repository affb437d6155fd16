import { useCallback, useEffect, useRef, useState } from 'react';
import type { Job, SteerJob, Steering } from '../../documents';
import { useSource } from '../../source';

export interface Run {
  phase: 'idle' | 'running' | 'done' | 'failed' | 'cancelled';
  job: Job | undefined;
  message: string;
  /** The last that was finished; what is shown until the next one has something to show. */
  result: Steering | undefined;
  /** What was asked for `result`. */
  asked: SteerJob | undefined;
  /** What is asked now. */
  asking: SteerJob | undefined;
}

const NOTHING: Run = {
  phase: 'idle',
  job: undefined,
  message: '',
  result: undefined,
  asked: undefined,
  asking: undefined,
};

/** One steering at a time; a new one cancels the one before. */
export function useSteering(): { run: Run; start: (job: SteerJob) => void; cancel: () => void } {
  const source = useSource();
  const [run, setRun] = useState<Run>(NOTHING);
  const following = useRef<AbortController>(undefined);
  const running = useRef<string>(undefined);

  const cancel = useCallback(() => {
    if (running.current) void source.cancelJob(running.current).catch(() => undefined);
    running.current = undefined;
  }, [source]);

  const start = useCallback(
    (asking: SteerJob) => {
      following.current?.abort();
      cancel();
      const stop = new AbortController();
      following.current = stop;
      const set = (change: Partial<Run>) =>
        !stop.signal.aborted && setRun((before) => ({ ...before, ...change }));
      const follow = async () => {
        set({ phase: 'running', job: undefined, message: '', asking });
        const queued = await source.startJob(asking);
        if (stop.signal.aborted) return void source.cancelJob(queued.id).catch(() => undefined);
        running.current = queued.id;
        const end = await source.followJob(queued.id, (job) => set({ job }), stop.signal);
        running.current = undefined;
        if (end.state === 'failed') return void set({ phase: 'failed', message: end.message });
        if (end.state === 'cancelled') return void set({ phase: 'cancelled' });
        const result = await source.jobResult<Steering>(end.id, stop.signal);
        set({ phase: 'done', result, asked: asking });
      };
      follow().catch((error: unknown) => {
        set({ phase: 'failed', message: error instanceof Error ? error.message : String(error) });
      });
    },
    [source, cancel],
  );

  useEffect(
    () => () => {
      following.current?.abort();
      cancel();
    },
    [cancel],
  );

  return { run, start, cancel };
}
