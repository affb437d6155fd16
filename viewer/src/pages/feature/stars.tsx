const RATINGS = [1, 2, 3, 4, 5] as const;

export function Stars({ value }: { value: number }) {
  return (
    <span className="stars" role="img" aria-label={`rated ${value} of 5`}>
      {RATINGS.map((n) => (n <= value ? '★' : '☆')).join('')}
    </span>
  );
}

interface RatingProps {
  value: number | null;
  change: (value: number | null) => void;
}

/** How clear the feature's meaning is; a second click on a rating takes it back. */
export function Rating({ value, change }: RatingProps) {
  return (
    <fieldset className="rating">
      <legend className="small soft">How clear is its meaning?</legend>
      {RATINGS.map((n) => (
        <button
          key={n}
          type="button"
          className="plain"
          aria-label={`${n} of 5`}
          aria-pressed={n === value}
          onClick={() => change(n === value ? null : n)}
        >
          {value !== null && n <= value ? '★' : '☆'}
        </button>
      ))}
    </fieldset>
  );
}
