import type { Verification } from '../../documents';
import { percent, visible } from '../model/names';

interface ErrorSharesProps {
  found: Verification;
  strings: readonly string[];
}

/** How much of what MLPs write the dictionary leaves unexplained, by layer and by token. */
export function ErrorShares({ found, strings }: ErrorSharesProps) {
  return (
    <>
      <p className="small">
        {percent(found.error_influence)} of influence starts at errors. Of the variance of what MLPs
        write, errors hold:
      </p>
      <div className="error-shares">
        <Shares
          label="Error share by layer"
          rows={found.error_by_layer.map((value, i) => [`layer ${i}`, value])}
        />
        <Shares
          label="Error share by token"
          rows={found.error_by_token.map((value, i) => [
            `${i} “${visible(strings[i] ?? '')}”`,
            value,
          ])}
        />
      </div>
    </>
  );
}

interface SharesProps {
  label: string;
  rows: (readonly [string, number | null])[];
}

function Shares({ label, rows }: SharesProps) {
  return (
    <ul className="share-rows small" aria-label={label}>
      {rows.map(([name, value]) => (
        <li key={name}>
          <span className="share-name">{name}</span>
          <span className="share-track" aria-hidden="true">
            <span style={{ width: `${100 * Math.min(value ?? 0, 1)}%` }} />
          </span>
          <span className="number">{value === null ? 'skipped' : percent(value)}</span>
        </li>
      ))}
    </ul>
  );
}
