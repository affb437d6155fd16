/** Keys that mean something to the page only where no control has the focus. */

import { type RefObject, useEffect, useRef } from 'react';

const CONTROLS =
  'input, select, textarea, button, a, summary, dialog, [role=button], [role=separator], [role=tab]';

/** @param pressed whether the key meant something. */
export function usePageKeys(
  page: RefObject<HTMLElement | null>,
  pressed: (key: string) => boolean,
): void {
  const latest = useRef(pressed);
  useEffect(() => {
    latest.current = pressed;
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const [target] = event.composedPath();
      if (!(target instanceof Element) || !isFor(page.current, target)) return;
      if (latest.current(event.key)) event.preventDefault();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [page]);
}

/** Of a notebook's keys only those inside the cell are for it; a page of its own has them all. */
function isFor(page: HTMLElement | null, target: Element): boolean {
  if (!page) return false;
  if (page.contains(target)) return !target.closest(CONTROLS);
  const alone = page.closest('.application, .whole-page') !== null;
  return alone && (target === document.body || target.contains(page));
}
