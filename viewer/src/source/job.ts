import { useCallback, useEffect, useRef, useState } from 'react';
import type { Job, JobIn } from '../documents';
import { useSource } from './context';

export type JobState<T> =
  | { state: 'idle' }
  | { state: 'running'; job: Job | undefined }
  | { state: 'failed'; message: string }
  | { state: 'cancelled' }
  | { state: 'done'; result: T; job: Job };

/** One job of the model at a time: start, progress, cancel, result. */
export function useJob<T>(): {
  status: JobState<T>;
  start: (job: JobIn) => void;
  cancel: () => void;
} {
  const source = useSource();
  const [status, setStatus] = useState<JobState<T>>({ state: 'idle' });
  const following = useRef<AbortController>(undefined);
  const running = useRef<string>(undefined);

  const cancel = useCallback(() => {
    if (running.current) void source.cancelJob(running.current).catch(() => undefined);
  }, [source]);

  const start = useCallback(
    (wanted: JobIn) => {
      following.current?.abort();
      cancel();
      const stop = new AbortController();
      following.current = stop;
      const set = (next: JobState<T>) => !stop.signal.aborted && setStatus(next);
      const run = async () => {
        set({ state: 'running', job: undefined });
        const queued = await source.startJob(wanted);
        if (stop.signal.aborted) return void source.cancelJob(queued.id).catch(() => undefined);
        running.current = queued.id;
        const end = await source.followJob(
          queued.id,
          (job) => set({ state: 'running', job }),
          stop.signal,
        );
        running.current = undefined;
        if (end.state === 'failed') return void set({ state: 'failed', message: end.message });
        if (end.state === 'cancelled') return void set({ state: 'cancelled' });
        set({ state: 'done', result: await source.jobResult<T>(end.id, stop.signal), job: end });
      };
      run().catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        set({ state: 'failed', message });
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

  return { status, start, cancel };
}
