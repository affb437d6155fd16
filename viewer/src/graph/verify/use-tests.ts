/** The verification of a graph: as it was kept, or as it is made now. */

import { useMemo, useState } from 'react';
import type { Verification } from '../../documents';
import { type JobState, useJob, useLoad, useSource } from '../../source';
import type { Session } from '../state/session';
import type { Mode } from './words';

export interface Tests {
  /** Undefined while it is being read. */
  found: Verification | null | undefined;
  /** Why it could not be read. */
  problem: string;
  /** Whether there is a server that could test it. */
  can: boolean;
  status: JobState<Verification>;
  start: () => void;
  cancel: () => void;
  mode: Mode;
  setMode: (mode: Mode) => void;
}

export function useTests({ view, state }: Session): Tests {
  const source = useSource();
  const [mode, setMode] = useState<Mode>('held');
  const kept = source.live && !view.id ? '' : view.id;
  const loaded = useLoad(
    (signal) => (source.live && !kept ? Promise.resolve(null) : source.verification(kept, signal)),
    [source, kept],
  );
  const { status, start, cancel } = useJob<Verification>();
  const made = status.state === 'done' ? status.result : undefined;
  const found = made ?? (loaded.state === 'failed' ? null : loaded.value);
  const problem = loaded.state === 'failed' && !made ? loaded.error.message : '';
  return useMemo(
    () => ({
      found,
      problem,
      can: source.live && kept !== '',
      status,
      start: () => start({ kind: 'verify', graph: kept, state }),
      cancel,
      mode,
      setMode,
    }),
    [found, problem, source, kept, status, start, cancel, state, mode],
  );
}
