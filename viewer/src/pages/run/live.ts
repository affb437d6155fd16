import { useEffect, useState } from 'react';
import type { MetricsRow, RunInfo } from '../../documents';
import { useSource } from '../../source';

const POLL_MS = 2000;

interface LiveRun {
  run: RunInfo | undefined;
  rows: MetricsRow[];
  error: Error | undefined;
}

/** A run and its metrics; as long as it goes on, what is new is fetched every two seconds. */
export function useLiveRun(id: string): LiveRun {
  const source = useSource();
  const [live, setLive] = useState<LiveRun>({ run: undefined, rows: [], error: undefined });
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    let start = 0;
    const look = async () => {
      const [run, metrics] = await Promise.all([
        source.run(id, stop.signal),
        source.metrics(id, start, stop.signal),
      ]);
      start = metrics.next;
      setLive((before) => ({
        run,
        rows: metrics.rows.length ? [...before.rows, ...metrics.rows] : before.rows,
        error: undefined,
      }));
      if (source.live && !run.finished) timer = setTimeout(again, POLL_MS);
    };
    const again = () => {
      look().catch((error: Error) => {
        if (stop.signal.aborted) return;
        setLive((before) => ({ ...before, error }));
        if (source.live) timer = setTimeout(again, 2 * POLL_MS);
      });
    };
    setLive({ run: undefined, rows: [], error: undefined });
    again();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [source, id]);
  return live;
}
