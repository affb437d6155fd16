import { useState } from 'react';
import { FeatureLink } from '../../components/feature-card';
import type { FeaturePage, FeatureRow } from '../../documents';
import { figure } from '../../format';

const LISTS = [
  { key: 'decoder_neighbours', name: 'decoder', what: 'writes alike: cosine of decoders' },
  { key: 'encoder_neighbours', name: 'encoder', what: 'reads alike: cosine of encoders' },
  { key: 'coactive_neighbours', name: 'co-active', what: 'is on together: cosine of activations' },
] as const;

/** Features that resemble this one. */
export function Neighbours({ page, atlas }: { page: FeaturePage; atlas: string }) {
  const [chosen, setChosen] = useState(0);
  const list = LISTS[chosen] ?? LISTS[0];
  const rows = page[list.key];
  return (
    <section className="card" aria-label="Neighbours">
      <div className="card-head">
        <h2>Neighbours</h2>
        <div className="tabs" role="group" aria-label="By">
          {LISTS.map(({ key, name, what }, i) => (
            <button
              key={key}
              type="button"
              aria-pressed={i === chosen}
              title={what}
              onClick={() => setChosen(i)}
            >
              {name}
            </button>
          ))}
        </div>
      </div>
      <p className="small soft">{list.what}</p>
      {rows.length === 0 ? (
        <p className="soft">None is known.</p>
      ) : (
        <ul className="neighbours">
          {rows.map((row) => (
            <li key={row.id}>
              <FeatureLink atlas={atlas} row={row} />
              <Score row={row} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Score({ row }: { row: FeatureRow }) {
  return <span className="number soft">{figure(row.score)}</span>;
}
