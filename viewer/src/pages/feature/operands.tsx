import { useCallback, useEffect, useState } from 'react';
import { ColourScale, Heatmap } from '../../components/heatmap';
import { Progress } from '../../components/progress';
import type { AtlasInfo, FeaturePage, OperandPlot } from '../../documents';
import { figure } from '../../format';
import { useJob } from '../../source';

const ADDER = 'specimen:adder';
const FIRST = 'equation';
const GUISES = { equation: '36 + 59 =', table: '| 36 | 59 |', minutes: 'start 36 lasts 59 ends' };

/** What a feature of the adder responds to, over all pairs of operands. */
export function Operands({ page, atlas }: { page: FeaturePage; atlas: AtlasInfo }) {
  const { status, start, cancel } = useJob<OperandPlot[]>();
  const { model, dictionary } = atlas.links;
  const [guise, setGuise] = useState(FIRST);
  const { encoder, feature } = page;
  const known = atlas.content.model === ADDER && model && dictionary;
  const draw = useCallback(
    (next: string) => {
      if (!known) return;
      setGuise(next);
      start({ kind: 'operands', model, dictionary, encoder, feature, guise: next });
    },
    [known, start, model, dictionary, encoder, feature],
  );
  useEffect(() => draw(FIRST), [draw]);
  if (!known) return null;
  return (
    <section className="card" aria-label="Operands">
      <h2>Operands</h2>
      <p className="small soft">Its activation for every pair of operands from 0 to 99, as</p>
      <div className="tabs" role="group" aria-label="Guise">
        {Object.entries(GUISES).map(([name, prompt]) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === guise}
            title={name}
            onClick={() => draw(name)}
          >
            {prompt}
          </button>
        ))}
      </div>
      <Progress status={status} cancel={cancel} />
      {status.state === 'done' && <Plots plots={status.result} />}
    </section>
  );
}

function Plots({ plots }: { plots: OperandPlot[] }) {
  const active = plots.filter((plot) => plot.maximum > 0);
  if (active.length === 0) return <p className="soft">Not active on any token of these prompts.</p>;
  const maximum = Math.max(...active.map((plot) => plot.maximum));
  return (
    <>
      <ColourScale maximum={maximum} />
      <div className="operand-plots">
        {active.map((plot) => (
          <div key={`${plot.guise} ${plot.position}`}>
            <h3>
              on <code>{plot.token}</code> (token {plot.position}), largest {figure(plot.maximum)}
            </h3>
            <Heatmap
              values={plot.values}
              maximum={maximum}
              label={`Activation on token ${plot.position} by first and second operand`}
              rowName="first operand"
              columnName="second operand"
              describe={(a, b, value) => `${a}, ${b}: ${figure(value)}`}
            />
          </div>
        ))}
      </div>
    </>
  );
}
