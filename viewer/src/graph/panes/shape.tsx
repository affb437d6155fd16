import { corners } from '../draw/glyph';
import { KINDS } from '../model/graph';

/** The shape of a kind of node, as it is drawn in the graph. */
export function Shape({ kind }: { kind: number }) {
  const points = corners(kind);
  const name = `shape ${KINDS[kind] ?? ''}`;
  return (
    <svg className={name} viewBox="-1.6 -1.6 3.2 3.2" width="12" height="12" aria-hidden="true">
      {points.length ? (
        <polygon points={points.map((p) => p.join(',')).join(' ')} />
      ) : (
        <circle r="1.1" />
      )}
    </svg>
  );
}
