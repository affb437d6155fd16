import { Bars } from '../../components/bars';
import { Columns } from '../../components/columns';
import type { FeaturePage, TokenScore } from '../../documents';
import { count, figure, share } from '../../format';

/** How strongly it is on, when it is. */
export function Activations({ page }: { page: FeaturePage }) {
  const { edges, counts } = page.histogram;
  const total = counts.reduce((a, b) => a + b, 0);
  if (total === 0) return null;
  return (
    <section className="card" aria-label="Activations">
      <h2>Activations</h2>
      <Columns
        log
        values={counts}
        label={`Histogram of ${count(total)} activations from ${figure(edges[0])} to ${figure(edges.at(-1))}`}
        ends={[figure(edges[0]), figure(edges.at(-1))]}
        describe={(i) =>
          `${figure(edges[i])} to ${figure(edges[i + 1])}: ${count(counts[i] ?? 0)} (${share((counts[i] ?? 0) / total)})`
        }
      />
      <p className="small soft quantiles">
        {Object.entries(page.quantiles).map(([name, value]) => (
          <span key={name}>
            {Number(name) > 0 && Number(name) < 1 ? `${100 * Number(name)}%` : name}{' '}
            <b>{figure(value)}</b>
          </span>
        ))}
      </p>
      <p className="small soft">
        Counts and activations on logarithmic scales; below them, quantiles.
      </p>
    </section>
  );
}

/** The tokens on which it is active, and those before. */
export function Tokens({ page }: { page: FeaturePage }) {
  if (page.active_tokens.length === 0) return null;
  return (
    <section className="card" aria-label="Tokens">
      <h2>Tokens it is active on</h2>
      <div className="two">
        <div>
          <h3>the token itself</h3>
          <Bars tone="neutral" label="Tokens it is active on" bars={barsOf(page.active_tokens)} />
        </div>
        {page.before_tokens.length > 0 && (
          <div>
            <h3>the token before</h3>
            <Bars tone="neutral" label="Tokens before" bars={barsOf(page.before_tokens)} />
          </div>
        )}
      </div>
      <p className="small soft">Share of its activations; hover for the share of the token.</p>
    </section>
  );
}

const SHOWN = 8;

function barsOf(scores: TokenScore[]) {
  return scores.slice(0, SHOWN).map(({ token, text, score, rate }) => ({
    key: token,
    name: text,
    value: score,
    text: share(score),
    ...(rate == null ? {} : { title: `active on ${share(rate)} of the token's occurrences` }),
  }));
}

/** Where in the text it is active. */
export function Positions({ page }: { page: FeaturePage }) {
  const { positions, position_edges: edges } = page;
  if (positions.length < 2) return null;
  const range = (i: number) => {
    const [from, to] = [edges[i] ?? 0, edges[i + 1]];
    if (to === undefined) return `from position ${from} on`;
    return to - from > 1 ? `positions ${from} to ${to - 1}` : `position ${from}`;
  };
  return (
    <section className="card" aria-label="Positions">
      <h2>Positions</h2>
      <Columns
        values={positions}
        label="Share of its activations by position in the text"
        ends={[range(0), range(positions.length - 1)]}
        describe={(i) => `${range(i)}: ${share(positions[i] ?? 0)}`}
        height={84}
      />
    </section>
  );
}
