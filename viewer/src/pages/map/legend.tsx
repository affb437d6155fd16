import { count } from '../../format';
import type { Colouring } from './colouring';

export function Legend({ colouring }: { colouring: Colouring }) {
  const { legend, scale } = colouring;
  if (legend.length === 0) return null;
  return (
    <div className={`map-legend small ${scale ? 'scale' : ''}`} role="group" aria-label="Colours">
      {legend.map(({ colour, text, size }) => (
        <span key={text} title={text}>
          <i style={{ background: colour }} />
          <b>{text}</b>
          {size !== undefined && <em>{count(size)}</em>}
        </span>
      ))}
    </div>
  );
}
