import { useState } from 'react';
import type { EdgeHeads } from '../../documents';
import { signed, visible } from '../model/names';
import type { Look } from './pane';
import { SignedBar } from './signed-bar';

interface HeadBarsProps {
  split: EdgeHeads;
  strings: readonly string[];
  look: Look | null;
  open: (layer: number, head: number, key: number) => void;
}

const AT_FIRST = 12;

/** What heads carry of an edge, by the position that they looked at; all of it is the edge. */
export function HeadBars({ split, strings, look, open }: HeadBarsProps) {
  const [all, setAll] = useState(false);
  const parts = all ? split.parts : split.parts.slice(0, AT_FIRST);
  const hidden = split.parts.slice(parts.length).reduce((sum, part) => sum + part.value, 0);
  const rest = split.rest + hidden;
  const unlisted = split.unlisted + split.parts.length - parts.length;
  const most = Math.max(
    Math.abs(split.direct),
    ...split.parts.map((p) => Math.abs(p.value)),
    1e-12,
  );
  const opened = (part: EdgeHeads['parts'][number]) =>
    look?.layer === part.layer && look.head === part.head && look.key === part.key;
  return (
    <>
      <ul className="signed-bars" aria-label="Heads that carry the edge">
        <li className="signed-row" title="The residual stream and linear skips, by no attention">
          <span>direct</span>
          <SignedBar value={split.direct} most={most} />
        </li>
        {parts.map((part) => (
          <li key={`${part.layer} ${part.head} ${part.key}`}>
            <button
              type="button"
              className="signed-row"
              aria-pressed={opened(part)}
              title="Why does it look there?"
              onClick={() => open(part.layer, part.head, part.key)}
            >
              <span>
                <span className="mono">
                  {part.layer}.{part.head}
                </span>{' '}
                <span className="soft">
                  at {part.key} “{visible(strings[part.key] ?? '')}”
                </span>
              </span>
              <SignedBar value={part.value} most={most} />
            </button>
          </li>
        ))}
        {unlisted > 0 && (
          <li className="signed-row">
            <span className="soft">{unlisted} more</span>
            <SignedBar value={rest} most={most} />
          </li>
        )}
      </ul>
      {unlisted > split.unlisted && (
        <button type="button" className="plain small" onClick={() => setAll(true)}>
          Show {split.parts.length} heads and keys
        </button>
      )}
      <p className="small sum-line">
        Sum <strong>{signed(split.total)}</strong>; the edge is{' '}
        <strong>{signed(split.edge)}</strong>
        {agrees(split.total, split.edge) ? ' ✓' : ' — they differ'}
      </p>
      <p className="soft small">
        LAYER.HEAD and the position it looked at, from position {split.position} “
        {visible(strings[split.position] ?? '')}”. Each path is put down to the head nearest to the
        target. Click a head to see why it looks there.
      </p>
    </>
  );
}

/** Up to the rounding of numbers of 32 bits. */
export function agrees(sum: number, whole: number): boolean {
  return Math.abs(sum - whole) <= 1e-3 * Math.max(Math.abs(whole), 1e-3);
}
