import { LineChart } from '../../components/line-chart';
import type { Verification } from '../../documents';
import { type Mode, score, wholePercent } from './words';

/** Necessity, sufficiency, and faithfulness over the size of the circuit. */
export function CircuitTests({ found, mode }: { found: Verification; mode: Mode }) {
  const modes = Object.keys(found.modes);
  const circuits = modes.map((name) => found.modes[name]?.circuit);
  const shown = found.modes[mode]?.circuit;
  return (
    <>
      <table className="tests-table" aria-label="The circuit as a whole">
        <thead>
          <tr>
            <th scope="col">of the answer</th>
            {modes.map((name) => (
              <th scope="col" key={name} className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">goes when it is taken away</th>
            {circuits.map((c, i) => (
              <Share key={modes[i]} value={c?.necessity} control={c?.necessity_control} />
            ))}
          </tr>
          <tr>
            <th scope="row">stays when it is alone</th>
            {circuits.map((c, i) => (
              <Share key={modes[i]} value={c?.sufficiency} control={c?.sufficiency_control} />
            ))}
          </tr>
        </tbody>
      </table>
      {shown && (
        <>
          <LineChart
            title={`Faithfulness, ${mode}`}
            x={shown.curve.features}
            xName="features kept"
            height={170}
            series={[
              {
                name: 'by influence',
                colour: 'var(--positive)',
                values: numbers(shown.curve.faithfulness),
              },
              {
                name: 'at random',
                colour: 'var(--negative)',
                dash: '5 4',
                values: numbers(shown.curve_control.faithfulness),
              },
            ]}
          />
          <p className="soft small">
            Share of the answer that is left with so many features alone ({mode}). Area under the
            curve (CPR): {score(shown.curve.cpr)}, at random {score(shown.curve_control.cpr)};
            distance from 1 (CMD): {score(shown.curve.cmd)}, at random{' '}
            {score(shown.curve_control.cmd)}.
          </p>
        </>
      )}
    </>
  );
}

const numbers = (values: readonly (number | null)[]) => values.map((value) => value ?? NaN);

interface ShareProps {
  value: number | null | undefined;
  control: number | null | undefined;
}

function Share({ value, control }: ShareProps) {
  return (
    <td className="number">
      <strong>{wholePercent(value)}</strong>
      <small className="soft">random {wholePercent(control)}</small>
    </td>
  );
}
