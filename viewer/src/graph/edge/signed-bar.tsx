import { signed } from '../model/names';

/** A bar from the middle: to the right above zero, to the left below; the figure behind it. */
export function SignedBar({ value, most }: { value: number; most: number }) {
  const side = value < 0 ? 'negative' : 'positive';
  return (
    <>
      <span className={`signed-track ${side}`} aria-hidden="true">
        <span style={{ width: `${(50 * Math.min(Math.abs(value) / most, 1)).toFixed(1)}%` }} />
      </span>
      <span className={`number ${side}`}>{signed(value)}</span>
    </>
  );
}
