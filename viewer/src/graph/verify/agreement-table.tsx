import type { Verification } from '../../documents';
import { type Agreement, interval, MODES, score } from './words';

interface Row {
  name: string;
  /** By mode: found, and with random features. */
  cells: ([Agreement, Agreement] | undefined)[];
}

/** R² by what was changed and what was held, beside that of random features. */
export function AgreementTable({ found }: { found: Verification }) {
  const modes = Object.keys(found.modes);
  return (
    <>
      <table className="tests-table" aria-label="Agreement by mode">
        <thead>
          <tr>
            <th scope="col">R²</th>
            {modes.map((mode) => (
              <th scope="col" key={mode} className="number" title={MODES[mode]}>
                {mode}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rowsOf(found, modes).map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th>
              {row.cells.map((cell, i) => (
                <td key={modes[i]} className="number">
                  {cell ? <Cell found={cell[0]} control={cell[1]} /> : '–'}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="soft small">
        R²: 1 exact, 0 no better than the mean. Slope: 1 as strong as predicted. Random: the same
        with random features, which should be near 0 or below.
      </p>
    </>
  );
}

function Cell({ found, control }: { found: Agreement; control: Agreement }) {
  const r2 = found.r2_interval ? `R² ${interval(found.r2_interval)}` : '';
  const slope = found.slope_interval ? `, slope ${interval(found.slope_interval)}` : '';
  return (
    <span title={`${r2}${slope} (95%), cosine ${score(found.cosine)}, ${found.n} effects`}>
      <strong>{score(found.r2)}</strong>
      <small className="soft">slope {score(found.slope)}</small>
      <small className="soft">random {score(control.r2)}</small>
    </span>
  );
}

function rowsOf(found: Verification, modes: string[]): Row[] {
  const all = modes.map((mode) => found.modes[mode]);
  const distances = [
    ...new Set(all.flatMap((mode) => mode?.by_distance.map((row) => row.distance) ?? [])),
  ].sort((a, b) => a - b);
  return [
    { name: 'groups on the answer', cells: all.map((m) => m && [m.groups, m.groups_control]) },
    { name: 'features on the answer', cells: all.map((m) => m && [m.logits, m.logits_control]) },
    ...distances.map((distance) => ({
      name: `features ${distance} ${distance === 1 ? 'layer' : 'layers'} on`,
      cells: all.map((mode): [Agreement, Agreement] | undefined => {
        const row = mode?.by_distance.find((one) => one.distance === distance);
        return row && [row.agreement, row.control];
      }),
    })),
  ];
}
