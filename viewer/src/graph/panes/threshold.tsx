interface ThresholdProps {
  name: string;
  value: number;
  set: (value: number) => void;
  title?: string;
  max?: number;
  /** How many are left, of how many. */
  left?: [number, number];
  /** Instead of that. */
  note?: string;
  /** The hand is off it. */
  settle?: () => void;
}

/** A slider of the share of influence that pruning keeps. */
export function Threshold(props: ThresholdProps) {
  const { name, value, set, title, max = 1, left, note, settle } = props;
  const [count, of] = (left ?? []).map((n) => n.toLocaleString('en'));
  // a graph that was pruned before ends below 1: the slider cannot bring the rest back
  const words = left ? `${count} of ${of}${max < 1 ? ' kept here' : ''}` : note;
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
      {words && <span className="soft small">{words}</span>}
    </label>
  );
}
