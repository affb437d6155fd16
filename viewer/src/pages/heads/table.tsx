import { useMemo, useState } from 'react';
import type { HeadRow } from '../../documents';
import { percent, signed } from '../../format';

type Column = Exclude<keyof HeadRow, 'asymmetry_control'>;

interface ColumnWords {
  name: string;
  meaning: string;
  text: (value: number) => string;
}

const COLUMNS: Partial<Record<Column, ColumnWords>> = {
  features: {
    name: 'features',
    meaning: 'Features that write before the layer',
    text: (value) => value.toLocaleString('en'),
  },
  query_null: {
    name: 'ignored by query',
    meaning: 'Share of features that the query reads less than 99% of random directions',
    text: percent,
  },
  key_null: {
    name: 'ignored by key',
    meaning: 'Share of features that the key reads less than 99% of random directions',
    text: percent,
  },
  copies: {
    name: 'copies',
    meaning: 'Mean over features of d·OV d/|d|²: above 0 it writes them again, below takes away',
    text: signed,
  },
  copied: { name: 'copied', meaning: 'Share of features that it copies', text: percent },
  asymmetry: {
    name: 'asymmetry',
    meaning: 'Correlation over features of looking for a feature with copying it',
    text: signed,
  },
  feature_copy_suppression: {
    name: 'suppresses features',
    meaning: 'Share of features with copy suppression above one standard deviation',
    text: percent,
  },
  token_copy_suppression: {
    name: 'suppresses tokens',
    meaning: 'Share of tokens with copy suppression above one standard deviation',
    text: percent,
  },
};

interface HeadTableProps {
  heads: readonly HeadRow[];
  /** As it is written: 2.3. */
  chosen: string;
  choose: (head: string) => void;
}

/** All heads in figures; a click on a column sorts, on a head opens its features. */
export function HeadTable({ heads, chosen, choose }: HeadTableProps) {
  const [by, setBy] = useState<Column>('layer');
  const rows = useMemo(() => sorted(heads, by), [heads, by]);
  return (
    <section className="card heads-table">
      <table aria-label="Heads">
        <thead>
          <tr>
            <th scope="col" aria-sort={by === 'layer' ? 'ascending' : 'none'}>
              <button type="button" className="plain" onClick={() => setBy('layer')}>
                head
              </button>
            </th>
            {Object.entries(COLUMNS).map(([key, { name, meaning }]) => (
              <th
                scope="col"
                key={key}
                className="number"
                aria-sort={by === key ? 'descending' : 'none'}
              >
                <button
                  type="button"
                  className="plain"
                  title={`${meaning}. Click to sort.`}
                  onClick={() => setBy(key as Column)}
                >
                  {name}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={nameOf(row)} row={row} chosen={nameOf(row) === chosen} choose={choose} />
          ))}
        </tbody>
      </table>
      <p className="soft small">
        * asymmetry outside that of keys of other features, drawn at random. Heads of a layer that
        no feature is written before have figures of tokens alone.
      </p>
    </section>
  );
}

interface RowProps {
  row: HeadRow;
  chosen: boolean;
  choose: (head: string) => void;
}

function Row({ row, chosen, choose }: RowProps) {
  const [low, high] = row.asymmetry_control ?? [-Infinity, Infinity];
  const beyond = row.asymmetry != null && (row.asymmetry < low || row.asymmetry > high);
  return (
    <tr className={chosen ? 'chosen' : ''}>
      <th scope="row">
        <button
          type="button"
          className="plain mono"
          aria-pressed={chosen}
          disabled={!row.features}
          onClick={() => choose(chosen ? '' : nameOf(row))}
        >
          {nameOf(row)}
        </button>
      </th>
      {Object.entries(COLUMNS).map(([key, { text }]) => {
        const value = row[key as Column];
        return (
          <td key={key} className="number">
            {value == null ? <span className="soft">–</span> : text(value)}
            {key === 'asymmetry' && beyond && '*'}
          </td>
        );
      })}
    </tr>
  );
}

function nameOf(row: HeadRow): string {
  return `${row.layer}.${row.head}`;
}

function sorted(heads: readonly HeadRow[], by: Column): HeadRow[] {
  if (by === 'layer') return [...heads].sort((a, b) => a.layer - b.layer || a.head - b.head);
  return [...heads].sort((a, b) => (b[by] ?? -Infinity) - (a[by] ?? -Infinity));
}
