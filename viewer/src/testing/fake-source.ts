/** A source for tests: what a test does not give it, nobody may ask for. */
import type { Source } from '../source';

export function fakeSource(given: Partial<Source>): Source {
  return new Proxy({ live: true, ...given } as Source, {
    get(target, name) {
      if (name in target) return target[name as keyof Source];
      return () => Promise.reject(new Error(`the test gives no ${String(name)}`));
    },
  });
}
