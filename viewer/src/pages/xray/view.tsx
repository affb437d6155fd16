import { useMemo, useState } from 'react';
import { TokenText } from '../../components/token-text';
import type { XRay } from '../../documents';
import { useParameter } from '../../navigation';
import { useShortcut } from '../../shell/shortcuts';
import { rowOf } from '../../xray';
import { ActiveList } from './active-list';
import { Matrix } from './matrix';
import { keyOf, type Pin, parsePins, writePins } from './pins';
import { Pinned } from './pinned';

interface XRayViewProps {
  xray: XRay;
  /** Of the dictionary; empty where none is served. */
  atlas: string;
}

export function XRayView({ xray, atlas }: XRayViewProps) {
  const [written, write] = useParameter('pin');
  const [token, setToken] = useState<number>();
  const pins = useMemo(() => parsePins(written), [written]);
  const counts = useMemo(() => countsOf(xray), [xray]);
  const toggle = (pin: Pin) => {
    const others = pins.filter((one) => keyOf(one) !== keyOf(pin));
    write(writePins(others.length < pins.length ? others : [...pins, pin]));
  };
  const choose = (next: number | undefined) => setToken(next === token ? undefined : next);
  useShortcut('Escape', 'drop the token', () => setToken(undefined));
  return (
    <div className="xray-grid">
      <div className="xray-main">
        <section className="card" aria-label="Text">
          <div className="card-head">
            <h2>Text</h2>
            <span className="small soft">
              {xray.tokens.length} tokens; the stronger the colour, the more features are active
            </span>
          </div>
          <TokenText
            label="Tokens, with the number of active features"
            tokens={xray.tokens}
            values={counts}
            maximum={1.6 * Math.max(1, ...counts.filter((_, i) => xray.counts[i] !== false))}
            chosen={token}
            choose={choose}
          />
          {pins.map((pin) => (
            <Pinned
              key={keyOf(pin)}
              pin={pin}
              xray={xray}
              atlas={atlas}
              unpin={() => toggle(pin)}
              token={token}
              choose={choose}
            />
          ))}
        </section>
        <Matrix xray={xray} pins={pins} toggle={toggle} token={token} choose={choose} />
      </div>
      <ActiveList
        xray={xray}
        atlas={atlas}
        token={token}
        pins={pins}
        toggle={toggle}
        all={() => setToken(undefined)}
      />
    </div>
  );
}

function countsOf(xray: XRay): number[] {
  return xray.tokens.map((_, token) =>
    xray.layers.reduce((sum, layer) => {
      const [from, to] = rowOf(layer, token);
      return sum + to - from;
    }, 0),
  );
}
