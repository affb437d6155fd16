import { memo, useMemo } from 'react';
import { VirtualList } from '../../components/virtual-list';
import type { XRay, XRayLayer } from '../../documents';
import { figure, visibleToken } from '../../format';
import { activeOn, rowOf } from '../../xray';
import { labelOf, layerName, nameOf } from './names';
import { keyOf, type Pin } from './pins';

interface MatrixProps {
  xray: XRay;
  pins: Pin[];
  toggle: (pin: Pin) => void;
  token: number | undefined;
  choose: (token: number) => void;
}

const SHOWN = 2;
const ROW_HEIGHT = 56;

/** Tokens down, layers across; in each cell the features that are most active there. */
export function Matrix({ xray, pins, toggle, token, choose }: MatrixProps) {
  const pinned = useMemo(() => new Set(pins.map(keyOf)), [pins]);
  const largest = useMemo(() => xray.layers.map((layer) => largestOf(layer)), [xray]);
  const columns = {
    gridTemplateColumns: `104px repeat(${xray.layers.length}, minmax(110px, 1fr))`,
  };
  return (
    <section className="card matrix" aria-label="Features by token and layer">
      <div className="card-head">
        <h2>Token by token</h2>
        <span className="small soft">
          the {SHOWN} most active features of each layer; click one to pin it
        </span>
      </div>
      <div className="matrix-scroll">
        <div className="matrix-row matrix-head small soft" style={columns}>
          <span>Token</span>
          {xray.layers.map((layer) => (
            <span key={layer.encoder} title={layer.site}>
              {layerName(xray, layer)}
            </span>
          ))}
        </div>
        <VirtualList
          length={xray.tokens.length}
          rowHeight={ROW_HEIGHT}
          label="Tokens"
          open={choose}
          row={(i) => (
            <div className={`matrix-row ${i === token ? 'chosen' : ''}`} style={columns}>
              <button
                type="button"
                className="plain mono matrix-token"
                aria-pressed={i === token}
                title={
                  xray.counts[i] === false ? 'The dictionary was not trained on such tokens' : ''
                }
                onClick={() => choose(i)}
              >
                {visibleToken(xray.tokens[i] ?? '')}
                {xray.counts[i] === false && <span className="soft"> *</span>}
              </button>
              {xray.layers.map((layer, k) => (
                <Cell
                  key={layer.encoder}
                  xray={xray}
                  layer={layer}
                  token={i}
                  largest={largest[k] ?? 1}
                  pinned={pinned}
                  toggle={toggle}
                />
              ))}
            </div>
          )}
        />
      </div>
      {xray.counts.includes(false) && (
        <p className="small soft">
          * The dictionary was not trained on such tokens (the first one, and special ones): what is
          active there may mean little.
        </p>
      )}
    </section>
  );
}

interface CellProps {
  xray: XRay;
  layer: XRayLayer;
  token: number;
  largest: number;
  pinned: ReadonlySet<string>;
  toggle: (pin: Pin) => void;
}

const Cell = memo(function Cell({ xray, layer, token, largest, pinned, toggle }: CellProps) {
  const active = activeOn(layer, token);
  const { encoder } = layer;
  return (
    <span role="gridcell" className="matrix-cell">
      {active.slice(0, SHOWN).map(({ feature, value }) => {
        const key = `${encoder}/${feature}`;
        const label = labelOf(xray, encoder, feature);
        return (
          <button
            key={key}
            type="button"
            className="chip"
            aria-pressed={pinned.has(key)}
            title={`${nameOf(xray, layer, feature)} ${label}: ${figure(value)}`}
            style={{ '--strength': `${8 + 72 * Math.min(value / largest, 1)}%` }}
            onClick={() => toggle({ encoder, feature })}
          >
            {label || feature}
          </button>
        );
      })}
      {active.length > SHOWN && (
        <span
          className="more soft"
          title={`${active.length - SHOWN} more; click the token for all`}
        >
          +{active.length - SHOWN}
        </span>
      )}
    </span>
  );
});

function largestOf(layer: XRayLayer): number {
  const counted = layer.values.slice(rowOf(layer, 0)[1]); // the first token is often an outlier
  return counted.reduce((a, b) => Math.max(a, b), 0) || 1;
}
