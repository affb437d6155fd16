/** How the subgraph is drawn: what exports draw too. */

import { useMemo, useState } from 'react';
import { type Flow, type Subgraph, subgraph } from '../model/subgraph';
import type { Tests } from '../verify/use-tests';
import { type FlowVerdict, verdictsOn } from '../verify/verdicts';
import type { Session } from './session';

export interface Circuit {
  made: Subgraph;
  /** Flows of a smaller share are not drawn. */
  least: number;
  setLeast: (least: number) => void;
  /** Whether flows are drawn by their verdicts, where there are any. */
  judged: boolean;
  setJudged: (judged: boolean) => void;
  verdict: ((flow: Flow) => FlowVerdict) | undefined;
}

export function useCircuit({ model, state }: Session, { found, mode }: Tests): Circuit {
  const made = useMemo(() => subgraph(model, state), [model, state]);
  const [least, setLeast] = useState(0.03);
  const [judged, setJudged] = useState(true);
  const verdict = useMemo(
    () => (found && judged ? verdictsOn(found, model, made, mode) : undefined),
    [found, judged, model, made, mode],
  );
  return useMemo(
    () => ({ made, least, setLeast, judged, setJudged, verdict }),
    [made, least, judged, verdict],
  );
}
