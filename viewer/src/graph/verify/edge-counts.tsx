import type { Verification } from '../../documents';
import { LEGEND, LINES } from './words';
import { VerdictLine } from './legend';

/** How many edges between groups have which verdict. */
export function EdgeCounts({ found }: { found: Verification }) {
  const modes = Object.keys(found.modes);
  const count = (mode: string, verdict: string) =>
    found.edges.filter((edge) => edge.verdicts[mode]?.verdict === verdict).length;
  return (
    <table className="tests-table" aria-label="Verdicts on edges">
      <thead>
        <tr>
          <th scope="col">edges</th>
          {modes.map((mode) => (
            <th scope="col" key={mode} className="number">
              {mode}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {LEGEND.map((verdict) => (
          <tr key={verdict}>
            <th scope="row" title={LINES[verdict].meaning}>
              <VerdictLine verdict={verdict} /> {verdict}
            </th>
            {modes.map((mode) => (
              <td key={mode} className="number">
                {count(mode, verdict)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
