import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { FeatureRow } from '../documents';
import { figure, share } from '../format';
import { Link } from '../navigation';
import { useLoad, useSource } from '../source';
import { featureOnce } from '../source/feature-cache';
import { FeatureName, SourceMark } from './label';
import { TokenText } from './token-text';
import './feature-card.css';

interface FeatureKey {
  atlas: string;
  encoder: number;
  feature: number;
}

/** What a feature is, at a glance: label, figures, three top examples. */
export function FeatureCard({ atlas, encoder, feature }: FeatureKey) {
  const source = useSource();
  const loaded = useLoad(
    () => featureOnce(source, atlas, encoder, feature),
    [source, atlas, encoder, feature],
  );
  if (loaded.state === 'failed') return <p className="small">{loaded.error.message}</p>;
  const page = loaded.value;
  if (!page) return <p className="small soft">Loading …</p>;
  return (
    <div className="feature-card">
      <p className="feature-card-name">
        <FeatureName row={page} /> <SourceMark source={page.label_source} />
      </p>
      <p className="small soft">
        active on {share(page.density)} of tokens · largest {figure(page.maximum)}
        {page.top_logits.length > 0 && ' · promotes '}
        {page.top_logits.slice(0, 3).map((t) => (
          <code key={t.token}>{t.text.replaceAll('\n', '⏎')} </code>
        ))}
      </p>
      {page.bands[0]?.examples.slice(0, 3).map((example, i) => (
        <TokenText key={i} maximum={page.maximum} {...around(example)} />
      ))}
    </div>
  );
}

const BEFORE = 10;
const AFTER = 4;

/** The part of an example that is near its peak. */
function around({ tokens, values, peak }: { tokens: string[]; values: number[]; peak: number }) {
  const from = Math.max(0, peak - BEFORE);
  const to = peak + AFTER;
  return { tokens: tokens.slice(from, to), values: values.slice(from, to), peak: peak - from };
}

const DELAY_MS = 250;

interface FeatureLinkProps {
  atlas: string;
  row: Pick<FeatureRow, 'encoder' | 'feature' | 'name' | 'label'>;
  className?: string;
  children?: ReactNode;
}

/** A link to a feature; its card appears beside it after a moment of hovering, or with the focus. */
export function FeatureLink({ atlas, row, className = '', children }: FeatureLinkProps) {
  const [open, setOpen] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const card = useRef<HTMLDivElement>(null);
  const anchor = useRef<HTMLSpanElement>(null);
  const id = useId();
  const { live } = useSource();
  const later = (value: boolean) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOpen(value), value ? DELAY_MS : 80);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (open && card.current && anchor.current) place(card.current, anchor.current);
  }, [open]);
  const { encoder, feature } = row;
  return (
    <span
      ref={anchor}
      className={`feature-link ${className}`}
      onMouseEnter={() => live && later(true)}
      onMouseLeave={() => later(false)}
      onFocus={() => live && later(true)}
      onBlur={() => later(false)}
      onKeyDown={(event) => event.key === 'Escape' && setOpen(false)}
    >
      <Link
        to={{ page: 'feature', id: atlas, encoder, feature }}
        {...(open ? { 'aria-describedby': id } : {})}
      >
        {children ?? <FeatureName row={row} />}
      </Link>
      {open && (
        <div className="hover-card" role="tooltip" id={id} ref={card} popover="manual">
          <FeatureCard atlas={atlas} encoder={encoder} feature={feature} />
        </div>
      )}
    </span>
  );
}

const GAP = 6;
const WIDTH = 400;
const HEIGHT = 220;

/** Beside its anchor, inside the window; as a popover it lies above whatever clips the anchor. */
export function place(card: HTMLElement, anchor: Element): void {
  card.showPopover();
  const box = anchor.getBoundingClientRect();
  const below = box.bottom + GAP + HEIGHT < window.innerHeight;
  const left = Math.max(8, Math.min(box.left, window.innerWidth - WIDTH - 16));
  card.style.left = `${left}px`;
  card.style.top = below ? `${box.bottom + GAP}px` : 'auto';
  card.style.bottom = below ? 'auto' : `${window.innerHeight - box.top + GAP}px`;
}
