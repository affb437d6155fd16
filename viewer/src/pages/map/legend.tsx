import type { Colouring } from './colouring';

export function Legend({ colouring }: { colouring: Colouring }) {
  const { legend, scale } = colouring;
  if (legend.length === 0) return null;
  return (
    <div className={`map-legend small ${scale ? 'scale' : ''}`} role="group" aria-label="Colours">
      {legend.map(({ colour, text }) => (
        <span key={text} title={text}>
          <i style={{ background: colour }} />
          <b>{text}</b>
        </span>
      ))}
    </div>
  );
}
