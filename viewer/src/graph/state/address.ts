/** The state in the address: read when the page opens or the address changes, written at rest. */

import { useEffect, useRef } from 'react';
import { isStep, useNavigation } from '../../navigation';
import type { ViewState } from '../model/document';
import { decodeState, encodeState } from './permalink';

const REST_MS = 250;
const PARAMETER = 'state';

/**
 * Every selection is a step of the browser's history. Going back takes the selection alone back:
 * what was pinned or named meanwhile stays.
 */
export function useStateInAddress(
  state: ViewState,
  start: ViewState,
  changed: (state: ViewState) => void,
  failed: (message: string) => void,
): void {
  const { address, replaceQuery, pushQuery } = useNavigation();
  const given = address.query.get(PARAMETER) ?? '';
  const written = useRef(given);
  const writtenNode = useRef(state.selected);
  const timer = useRef(0);
  const arrived = useRef(false);
  const latest = useRef({ state, changed, failed, replaceQuery, pushQuery });
  useEffect(() => {
    latest.current = { state, changed, failed, replaceQuery, pushQuery };
  });
  useEffect(() => {
    if (given === written.current) return;
    written.current = given;
    window.clearTimeout(timer.current);
    const step = isStep();
    void (given ? decodeState(given) : Promise.resolve(start)).then(
      (next) => {
        const now = latest.current;
        writtenNode.current = next.selected;
        now.changed(step ? { ...now.state, selected: next.selected } : next);
      },
      (error: Error) => latest.current.failed(error.message),
    );
  }, [given, start]);
  useEffect(() => {
    timer.current = window.setTimeout(() => {
      const plain = JSON.stringify(state) === JSON.stringify(start);
      void (plain ? Promise.resolve('') : encodeState(state)).then((text) => {
        // the node that a link asked for is where the reader comes in
        if (!arrived.current) writtenNode.current = state.selected;
        arrived.current = true;
        if (text === written.current) return;
        written.current = text;
        const { replaceQuery: replace, pushQuery: push } = latest.current;
        const write = state.selected === writtenNode.current ? replace : push;
        writtenNode.current = state.selected;
        write({ [PARAMETER]: text || null });
      });
    }, REST_MS);
    return () => window.clearTimeout(timer.current);
  }, [state, start]);
}

/** The state that an address holds; null without one. */
export async function stateOfAddress(query: URLSearchParams): Promise<ViewState | null> {
  const text = query.get(PARAMETER);
  return text ? decodeState(text) : null;
}

/** The whole address of a page, its state included, as it stands now. */
export async function permalink(state: ViewState): Promise<string> {
  const [path = '', query = ''] = window.location.hash.split('?');
  const parameters = new URLSearchParams(query);
  parameters.set(PARAMETER, await encodeState(state));
  return `${window.location.href.split('#')[0]}${path || '#/'}?${parameters}`;
}
