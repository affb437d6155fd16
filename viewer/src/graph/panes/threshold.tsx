interface ThresholdProps {
  name: string;
  value: number;
  set: (value: number) => void;
  title?: string;
  max?: number;
  /** How many are left, of how many. */
  left?: [number, number];
  /** The hand is off it. */
  settle?: () => void;
}

/** A slider of the share of influence that pruning keeps. */
export function Threshold({ name, value, set, title, max = 1, left, settle }: ThresholdProps) {
  const [count, of] = (left ?? []).map((n) => n.toLocaleString('en'));
  return (
    <label className="threshold" title={title}>
      <span>
        {name} <output>{value.toFixed(2)}</output>
      </span>
      <input
        type="range"
        aria-label={`${name}: share of influence kept`}
        min={0}
        max={max}
        step={0.01}
        value={Math.min(value, max)}
        onChange={(event) => set(Number(event.target.value))}
        onPointerUp={settle}
        onKeyUp={settle}
      />
      {left && (
        <span className="soft small">
          {count} of {of}
        </span>
      )}
    </label>
  );
}
