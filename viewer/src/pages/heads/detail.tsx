import { useEffect } from 'react';
import { FeatureLink } from '../../components/feature-card';
import { FeatureName } from '../../components/label';
import { Progress } from '../../components/progress';
import type { HeadDetail, HeadFeature, HeadPair, Heads } from '../../documents';
import { figure, signed, visibleToken } from '../../format';
import { Link } from '../../navigation';
import { useJob } from '../../source';

type ListName = {
  [K in keyof HeadDetail]-?: HeadDetail[K] extends HeadFeature[] ? K : never;
}[keyof HeadDetail];

interface ListWords {
  key: ListName;
  title: string;
  meaning: string;
  text: (value: number) => string;
}

const LISTS: ListWords[] = [
  {
    key: 'query_reads',
    title: 'Read by the query',
    meaning: 'gain over that of random directions: what makes it look',
    text: figure,
  },
  {
    key: 'key_reads',
    title: 'Read by the key',
    meaning: 'gain over that of random directions: what it looks at',
    text: figure,
  },
  {
    key: 'query_ignores',
    title: 'Ignored by the query',
    meaning: 'gain over that of random directions: near its null space',
    text: figure,
  },
  {
    key: 'key_ignores',
    title: 'Ignored by the key',
    meaning: 'gain over that of random directions: near its null space',
    text: figure,
  },
  {
    key: 'matches',
    title: 'Match: at the query → at the key',
    meaning: 'what the pair adds to the score, at distance 0',
    text: signed,
  },
  {
    key: 'writes',
    title: 'Looked at → what it does to later features',
    meaning: 'what it gives to their pre-activation',
    text: signed,
  },
  {
    key: 'copies_most',
    title: 'Copied',
    meaning: 'share of itself that is written again',
    text: signed,
  },
  {
    key: 'suppresses_most',
    title: 'Taken away',
    meaning: 'share of itself that is written, the lowest first',
    text: signed,
  },
  {
    key: 'suppressed_features',
    title: 'Copy suppression of features',
    meaning: 'looked for and taken away, in standard deviations',
    text: signed,
  },
];

interface HeadListsProps {
  model: string;
  dictionary: string;
  /** Id of an atlas, whose feature pages are linked; empty without one. */
  atlas: string;
  /** As it is written: 2.3. */
  head: string;
}

/** What one head reads, ignores, copies and takes away. */
export function HeadLists({ model, dictionary, atlas, head }: HeadListsProps) {
  const { status, start, cancel } = useJob<Heads>();
  useEffect(() => {
    const [layer, number] = head.split('.').map(Number);
    if (layer === undefined || number === undefined) return;
    start({ kind: 'heads', model, dictionary, layer, head: number });
  }, [start, model, dictionary, head]);
  const found = status.state === 'done' ? status.result.detail : null;
  return (
    <section className="head-lists" aria-label={`Head ${head}`}>
      <div className="card-head">
        <h2>Head {head}</h2>
        <Link
          className="small"
          to={{ page: 'steer' }}
          query={{ model, dictionary, changes: `h${head}` }}
        >
          Steer with this
        </Link>
      </div>
      <Progress status={status} cancel={cancel} />
      {found && (
        <div className="head-grid">
          {LISTS.map((list) => (
            <FeatureList key={list.key} list={list} rows={found[list.key]} atlas={atlas} />
          ))}
          <Tokens found={found} />
        </div>
      )}
    </section>
  );
}

interface FeatureListProps {
  list: ListWords;
  rows: readonly (HeadFeature | HeadPair)[];
  atlas: string;
}

function FeatureList({ list, rows, atlas }: FeatureListProps) {
  return (
    <section className="card">
      <h3>{list.title}</h3>
      <p className="soft small">{list.meaning}</p>
      {rows.length === 0 && <p className="soft">None.</p>}
      <ul aria-label={list.title}>
        {rows.map((row, i) => (
          <li key={i} className="head-feature small">
            <span className="number">{list.text(row.value)}</span>
            <span>
              <Feature of={row} atlas={atlas} />
              {'other' in row && (
                <>
                  {' '}
                  <span aria-label="to">→</span> <Feature of={row.other} atlas={atlas} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Feature({ of, atlas }: { of: HeadFeature; atlas: string }) {
  const [encoder = NaN, feature = NaN] = of.feature.replace(/^L/, '').split('/').map(Number);
  const row = { encoder, feature, name: of.feature, label: of.label };
  return atlas ? <FeatureLink atlas={atlas} row={row} /> : <FeatureName row={row} />;
}

function Tokens({ found }: { found: HeadDetail }) {
  return (
    <section className="card">
      <h3>Copy suppression of tokens</h3>
      <p className="soft small">
        from a prediction of the token back to it, in standard deviations; in brackets through
        features
      </p>
      <ul aria-label="Copy suppression of tokens">
        {found.suppressed_tokens.map((row, i) => (
          <li key={i} className="head-feature small">
            <span className="number">
              {signed(row.value)}
              {row.through_features !== null && (
                <span className="soft"> ({signed(row.through_features)})</span>
              )}
            </span>
            <span>
              <code>{visibleToken(row.token)}</code>
              {row.like !== null && (
                <span className="soft">
                  {' '}
                  most like <code>{visibleToken(row.like)}</code>
                  {row.like_through_features !== null && (
                    <>
                      , through features <code>{visibleToken(row.like_through_features)}</code>
                    </>
                  )}
                </span>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
