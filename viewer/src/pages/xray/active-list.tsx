import { useMemo, useState } from 'react';
import { FeatureLink } from '../../components/feature-card';
import { VirtualList } from '../../components/virtual-list';
import type { XRay } from '../../documents';
import { count, figure, visibleToken } from '../../format';
import { type Active, activeOn, summaries, type Summary } from '../../xray';
import { labelOf, layerName, nameOf } from './names';
import { keyOf, type Pin } from './pins';

interface ActiveListProps {
  xray: XRay;
  atlas: string;
  /** All of the text, where it is absent. */
  token: number | undefined;
  pins: Pin[];
  toggle: (pin: Pin) => void;
  all: () => void;
}

const ROW_HEIGHT = 44;

/** The features that are active on a token, or anywhere, the most active first. */
export function ActiveList({ xray, atlas, token, pins, toggle, all }: ActiveListProps) {
  const [layer, setLayer] = useState('');
  const [find, setFind] = useState('');
  const active = useMemo(() => activeAt(xray, token), [xray, token]);
  const shown = useMemo(() => {
    const words = find.toLowerCase().split(/\s+/).filter(Boolean);
    return active.filter((one) => {
      if (layer !== '' && one.layer.encoder !== Number(layer)) return false;
      const { encoder } = one.layer;
      const name = nameOf(xray, one.layer, one.feature);
      const text = `${name} ${labelOf(xray, encoder, one.feature)}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }, [active, layer, find, xray]);
  const largest = shown[0]?.value ?? 1;
  const pinned = new Set(pins.map(keyOf));
  return (
    <aside className="card active-list" aria-label="Active features">
      <div className="card-head">
        <h2>
          {token === undefined ? (
            'In the whole text'
          ) : (
            <>
              On <code>{visibleToken(xray.tokens[token] ?? '')}</code>
            </>
          )}
        </h2>
        {token !== undefined && (
          <button type="button" className="plain" onClick={all}>
            Whole text
          </button>
        )}
      </div>
      <div className="controls">
        <input
          type="search"
          aria-label="Filter features by label"
          placeholder="Filter by label"
          value={find}
          onChange={(event) => setFind(event.target.value)}
        />
        <select aria-label="Layer" value={layer} onChange={(event) => setLayer(event.target.value)}>
          <option value="">all layers</option>
          {xray.layers.map((one) => (
            <option key={one.encoder} value={one.encoder}>
              {layerName(xray, one)}
            </option>
          ))}
        </select>
      </div>
      <p className="small soft" role="status">
        {count(shown.length)} active {shown.length === 1 ? 'feature' : 'features'}
        {token === undefined && xray.counts.includes(false) && ', those on tokens with * too'}
      </p>
      {shown.length > 0 && (
        <VirtualList
          length={shown.length}
          rowHeight={ROW_HEIGHT}
          label="Active features"
          open={(i) => {
            const one = shown[i];
            if (one) toggle({ encoder: one.layer.encoder, feature: one.feature });
          }}
          row={(i) => {
            const one = shown[i];
            return (
              one && (
                <Row
                  one={one}
                  xray={xray}
                  atlas={atlas}
                  share={one.value / largest}
                  pinned={pinned.has(`${one.layer.encoder}/${one.feature}`)}
                  toggle={toggle}
                />
              )
            );
          }}
        />
      )}
    </aside>
  );
}

type Listed = Active & Partial<Pick<Summary, 'token' | 'tokens'>>;

function activeAt(xray: XRay, token: number | undefined): Listed[] {
  if (token === undefined) return summaries(xray);
  return xray.layers.flatMap((layer) => activeOn(layer, token)).sort((a, b) => b.value - a.value);
}

interface RowProps {
  one: Listed;
  xray: XRay;
  atlas: string;
  share: number;
  pinned: boolean;
  toggle: (pin: Pin) => void;
}

function Row({ one, xray, atlas, share, pinned, toggle }: RowProps) {
  const { encoder } = one.layer;
  const { feature } = one;
  const name = nameOf(xray, one.layer, feature);
  const row = { encoder, feature, name, label: labelOf(xray, encoder, feature) };
  return (
    <div className="active-row" role="gridcell">
      <button
        type="button"
        className="plain pin"
        aria-pressed={pinned}
        aria-label={`Pin ${name}`}
        onClick={() => toggle({ encoder, feature })}
      >
        {pinned ? '●' : '○'}
      </button>
      <span className="active-name">
        {atlas ? <FeatureLink atlas={atlas} row={row} /> : `${name} ${row.label}`}
        <span className="active-bar" style={{ width: `${100 * share}%` }} />
      </span>
      <span className="number small">
        {figure(one.value)}
        {one.tokens !== undefined && <span className="soft"> ×{one.tokens}</span>}
      </span>
    </div>
  );
}
