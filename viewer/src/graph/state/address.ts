/** The state in the address: read when the page opens or the address changes, written at rest. */

import { useEffect, useRef } from 'react';
import { useNavigation } from '../../navigation';
import type { ViewState } from '../model/document';
import { decodeState, encodeState } from './permalink';

const REST_MS = 250;
const PARAMETER = 'state';

export function useStateInAddress(
  state: ViewState,
  start: ViewState,
  changed: (state: ViewState) => void,
  failed: (message: string) => void,
): void {
  const { address, replaceQuery } = useNavigation();
  const given = address.query.get(PARAMETER) ?? '';
  const written = useRef(given);
  const latest = useRef({ changed, failed, replaceQuery });
  useEffect(() => {
    latest.current = { changed, failed, replaceQuery };
  });
  useEffect(() => {
    if (given === written.current) return;
    written.current = given;
    if (!given) return latest.current.changed(start);
    decodeState(given).then(
      (next) => latest.current.changed(next),
      (error: Error) => latest.current.failed(error.message),
    );
  }, [given, start]);
  useEffect(() => {
    const timer = setTimeout(() => {
      const plain = JSON.stringify(state) === JSON.stringify(start);
      void (plain ? Promise.resolve('') : encodeState(state)).then((text) => {
        if (text === written.current) return;
        written.current = text;
        latest.current.replaceQuery({ [PARAMETER]: text || null });
      });
    }, REST_MS);
    return () => clearTimeout(timer);
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
