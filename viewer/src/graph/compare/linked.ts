import { useEffect, useRef } from 'react';
import type { Hover } from '../state/hover';
import type { Compared } from './use-sides';

/** What the pointer is on in one graph is shown in the other, where it has the same. */
export function useLinkedHover(hovers: readonly [Hover, Hover], compared: Compared): void {
  const latest = useRef(compared);
  useEffect(() => {
    latest.current = compared;
  });
  useEffect(() => {
    const link = (from: 0 | 1, to: 0 | 1) =>
      hovers[from].subscribe((node) => {
        const { sides, index } = latest.current;
        const key = node < 0 ? '' : (sides[from].keys[node] ?? '');
        hovers[to].set(index[to].get(key) ?? -1);
      });
    const stops = [link(0, 1), link(1, 0)];
    return () => stops.forEach((stop) => stop());
  }, [hovers]);
}
