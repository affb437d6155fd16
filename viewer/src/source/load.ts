import { type DependencyList, useCallback, useEffect, useState } from 'react';

export type Loaded<T> =
  | { state: 'loading'; value?: T | undefined }
  | { state: 'failed'; error: Error }
  | { state: 'ready'; value: T };

/**
 * Loads something when its dependencies change; the answer to an older question is dropped.
 *
 * While it loads anew, the former value stays, so that nothing jumps.
 */
export function useLoad<T>(
  load: (signal: AbortSignal) => Promise<T>,
  dependencies: DependencyList,
): Loaded<T> & { again: () => void } {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: 'loading' });
  const [turn, setTurn] = useState(0);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the caller names what it depends on
  const stable = useCallback(load, dependencies);
  useEffect(() => {
    const stop = new AbortController();
    setLoaded((before) => ({
      state: 'loading',
      value: 'value' in before ? before.value : undefined,
    }));
    stable(stop.signal).then(
      (value) => !stop.signal.aborted && setLoaded({ state: 'ready', value }),
      (error: unknown) => {
        if (!stop.signal.aborted) setLoaded({ state: 'failed', error: asError(error) });
      },
    );
    return () => stop.abort();
  }, [stable, turn]);
  const again = useCallback(() => setTurn((t) => t + 1), []);
  return { ...loaded, again };
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
