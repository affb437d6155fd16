/** Why a head looks from one position at another: the score, split over pairs of sources. */

import { useEffect, useState } from 'react';
import { Progress } from '../../components/progress';
import type { HeadScore } from '../../documents';
import { useJob } from '../../source';
import type { GraphModel } from '../model/graph';
import { percent, place, signed, title, visible, where } from '../model/names';
import type { Session } from '../state/session';
import { agrees } from './bars';
import type { Look } from './pane';
import { SignedBar } from './signed-bar';

interface ScoreViewProps {
  session: Session;
  look: Look;
  select: (node: number) => void;
  /** Another key. */
  open: (key: number) => void;
}

const AT_FIRST = 12;

export function ScoreView({ session, look, select, open }: ScoreViewProps) {
  const { view, model } = session;
  const { layer, head, query, key } = look;
  const [against, setAgainst] = useState(-1);
  const { status, start, cancel } = useJob<HeadScore>();
  useEffect(() => {
    const other = against < 0 ? null : against;
    start({ kind: 'score', graph: view.id, layer, head, query, key, against: other, top: 30 });
  }, [start, view.id, layer, head, query, key, against]);
  const token = (at: number) => `${at} “${visible(view.strings[at] ?? '')}”`;
  const why = status.state === 'done' ? status.result : null;
  return (
    <section className="score" aria-label="Why the head looks there">
      <h4>
        Why head {layer}.{head} looks from {token(query)} at {token(key)}
      </h4>
      <Progress status={status} cancel={cancel} />
      {why && (
        <>
          <Pattern why={why} strings={view.strings} open={open} />
          <label className="small">
            its score{' '}
            <select value={against} onChange={(event) => setAgainst(Number(event.target.value))}>
              <option value={-1}>before the softmax</option>
              {why.pattern.map((_, at) =>
                at <= query && at !== key ? (
                  <option key={at} value={at}>
                    less that of {token(at)}
                  </option>
                ) : null,
              )}
            </select>
          </label>
          <Kinds why={why} />
          <Pairs why={why} model={model} select={select} />
          <p className="small sum-line">
            All pairs <strong>{signed(why.total)}</strong>; the{' '}
            {why.against === null ? 'score' : 'difference of scores'} is{' '}
            <strong>{signed(why.score)}</strong>
            {agrees(why.total, why.score) ? ' ✓' : ' — they differ'}
          </p>
        </>
      )}
    </section>
  );
}

interface PatternProps {
  why: HeadScore;
  strings: readonly string[];
  open: (key: number) => void;
}

/** Where the head looks from the query. */
function Pattern({ why, strings, open }: PatternProps) {
  return (
    <div className="pattern small" role="group" aria-label="Where the head looks">
      {why.pattern.slice(0, why.query + 1).map((share, at) => (
        <button
          key={at}
          type="button"
          aria-pressed={at === why.key}
          title={`${percent(share)} of its attention`}
          onClick={() => open(at)}
        >
          <span className="pattern-column" aria-hidden="true">
            <span style={{ height: `${100 * share}%` }} />
          </span>
          <span className="mono">{visible(strings[at] ?? '')}</span>
          <span className="soft">{percent(share)}</span>
        </button>
      ))}
    </div>
  );
}

const KINDS = 6;

/** Sums over all pairs of two kinds. */
function Kinds({ why }: { why: HeadScore }) {
  const most = Math.max(...why.by_kind.map((row) => Math.abs(row.value)), 1e-12);
  return (
    <ul className="signed-bars" aria-label="Sums by kind">
      {why.by_kind.slice(0, KINDS).map((row) => (
        <li key={`${row.query} ${row.key}`} className="signed-row">
          <span>
            {row.query} <span className="soft">×</span> {row.key}
          </span>
          <SignedBar value={row.value} most={most} />
        </li>
      ))}
    </ul>
  );
}

interface PairsProps {
  why: HeadScore;
  model: GraphModel;
  select: (node: number) => void;
}

function Pairs({ why, model, select }: PairsProps) {
  const [all, setAll] = useState(false);
  const shown = all ? why.pairs : why.pairs.slice(0, AT_FIRST);
  const hidden = why.pairs.slice(shown.length).reduce((sum, pair) => sum + pair.value, 0);
  const most = Math.max(...why.pairs.map((pair) => Math.abs(pair.value)), 1e-12);
  return (
    <>
      <h5>Pairs that give most: at the query × at the key</h5>
      <ul className="signed-bars pairs" aria-label="Pairs of sources">
        {shown.map((pair) => (
          <li key={`${pair.query.id} ${pair.key.id}`} className="signed-row">
            <span>
              <Source name={pair.query} model={model} select={select} />
              <Source name={pair.key} model={model} select={select} />
            </span>
            <SignedBar value={pair.value} most={most} />
          </li>
        ))}
        <li className="signed-row">
          <span className="soft">all others</span>
          <SignedBar value={why.rest + hidden} most={most} />
        </li>
      </ul>
      {shown.length < why.pairs.length && (
        <button type="button" className="plain small" onClick={() => setAll(true)}>
          Show {why.pairs.length} pairs
        </button>
      )}
    </>
  );
}

interface SourceProps {
  name: HeadScore['pairs'][number]['query'];
  model: GraphModel;
  select: (node: number) => void;
}

/** A node of the graph, or one that the graph left out. */
function Source({ name, model, select }: SourceProps) {
  const node = model.index.get(name.id);
  if (node === undefined)
    return (
      <span className="pair-end" title="not a node of this graph">
        {name.label || name.id} <span className="soft small">{name.label && name.id}</span>
      </span>
    );
  const text = title(model, node);
  const detail = [place(model, node), where(model, node)].filter((one) => one && one !== text);
  return (
    <button type="button" className="plain pair-end" onClick={() => select(node)}>
      {text} <span className="soft small">{detail.join(' · ')}</span>
    </button>
  );
}
