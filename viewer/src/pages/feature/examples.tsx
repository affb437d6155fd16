import { type KeyboardEvent, useState } from 'react';
import { TokenText } from '../../components/token-text';
import type { Band, Example, FeaturePage } from '../../documents';
import { figure } from '../../format';

const SHOWN = 12;

/** Windows of text in which the feature was active: the top ones, then by quantile. */
export function Examples({ page }: { page: FeaturePage }) {
  const [chosen, setChosen] = useState(0);
  const band = page.bands[chosen] ?? page.bands[0];
  return (
    <section className="card" aria-label="Examples">
      <div className="card-head">
        <h2>Examples</h2>
        <Tabs bands={page.bands} chosen={chosen} choose={setChosen} />
      </div>
      {band ? (
        <BandList key={`${page.id} ${chosen}`} band={band} maximum={page.maximum} />
      ) : (
        <p className="soft">None: it was never active on the atlas's texts.</p>
      )}
    </section>
  );
}

interface TabsProps {
  bands: Band[];
  chosen: number;
  choose: (band: number) => void;
}

function Tabs({ bands, chosen, choose }: TabsProps) {
  const keyed = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const next = (chosen + step + bands.length) % bands.length;
    choose(next);
    event.currentTarget.querySelectorAll('button')[next]?.focus();
  };
  return (
    <div className="tabs" role="tablist" aria-label="Quantiles" onKeyDown={keyed}>
      {bands.map((band, i) => (
        <button
          key={band.name}
          type="button"
          role="tab"
          aria-selected={i === chosen}
          tabIndex={i === chosen ? 0 : -1}
          title={`activations from ${figure(band.low)} to ${figure(band.high)}`}
          onClick={() => choose(i)}
        >
          {band.name}
        </button>
      ))}
    </div>
  );
}

function BandList({ band, maximum }: { band: Band; maximum: number }) {
  const [all, setAll] = useState(false);
  const shown = all ? band.examples : band.examples.slice(0, SHOWN);
  if (band.examples.length === 0) return <p className="soft">No example in this band.</p>;
  return (
    <>
      <p className="small soft">
        Activations from {figure(band.low)} to {figure(band.high)}; hover over a token for its
        value.
      </p>
      <ol className="examples">
        {shown.map((example, i) => (
          <li key={i}>
            <OneExample example={example} maximum={maximum} number={i + 1} />
          </li>
        ))}
      </ol>
      {band.examples.length > SHOWN && (
        <button type="button" className="plain" onClick={() => setAll(!all)}>
          {all ? 'Fewer' : `All ${band.examples.length}`}
        </button>
      )}
    </>
  );
}

interface OneExampleProps {
  example: Example;
  maximum: number;
  number: number;
}

function OneExample({ example, maximum, number }: OneExampleProps) {
  const place = `document ${example.document}, token ${example.position + example.peak}`;
  return (
    <>
      <span className="example-value number" title={place}>
        {figure(example.activation)}
      </span>
      <TokenText
        label={`Example ${number}, ${place}`}
        tokens={example.tokens}
        values={example.values}
        maximum={maximum}
        peak={example.peak}
      />
    </>
  );
}
