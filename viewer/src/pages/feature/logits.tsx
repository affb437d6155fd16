import { Bars } from '../../components/bars';
import type { FeaturePage, TokenScore } from '../../documents';
import { signed } from '../../format';

const SHOWN = 10;

/** The next tokens that the feature makes more and less likely, through the frozen final norm. */
export function Logits({ page }: { page: FeaturePage }) {
  const { top_logits: top, bottom_logits: bottom } = page;
  if (top.length + bottom.length === 0) return null;
  const full = Math.max(...[...top, ...bottom].map((t) => Math.abs(t.score)));
  return (
    <section className="card" aria-label="Logits">
      <h2>Logits</h2>
      <div className="two">
        <div>
          <h3>promoted</h3>
          <Bars tone="positive" label="Promoted" bars={barsOf(top)} full={full} />
        </div>
        <div>
          <h3>suppressed</h3>
          <Bars tone="negative" label="Suppressed" bars={barsOf(bottom)} full={full} />
        </div>
      </div>
    </section>
  );
}

function barsOf(scores: TokenScore[]) {
  return scores.slice(0, SHOWN).map(({ token, text, score }) => ({
    key: token,
    name: text,
    value: score,
    text: signed(score),
  }));
}
