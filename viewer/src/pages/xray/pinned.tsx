import { FeatureLink } from '../../components/feature-card';
import { TokenText } from '../../components/token-text';
import type { XRay } from '../../documents';
import { figure } from '../../format';
import { activationsOf } from '../../xray';
import { labelOf, nameOf } from './names';
import type { Pin } from './pins';

interface PinnedProps {
  pin: Pin;
  xray: XRay;
  atlas: string;
  unpin: () => void;
  token: number | undefined;
  choose: (token: number) => void;
}

/** One feature over the text. */
export function Pinned({ pin, xray, atlas, unpin, token, choose }: PinnedProps) {
  const { encoder, feature } = pin;
  const layer = xray.layers.find((one) => one.encoder === encoder);
  if (!layer) return null;
  const values = activationsOf(xray, encoder, feature);
  const maximum = Math.max(0, ...values);
  const name = nameOf(xray, layer, feature);
  const row = { encoder, feature, name, label: labelOf(xray, encoder, feature) };
  return (
    <div className="pinned">
      <div className="pinned-head">
        {atlas ? <FeatureLink atlas={atlas} row={row} /> : <span>{`${name} ${row.label}`}</span>}
        <span className="small soft">
          {maximum > 0 ? `largest ${figure(maximum)}` : 'not active on this text'}
        </span>
        <button type="button" className="plain" aria-label={`Unpin ${name}`} onClick={unpin}>
          ✕
        </button>
      </div>
      <TokenText
        label={`${name} over the text`}
        tokens={xray.tokens}
        values={values}
        maximum={maximum}
        chosen={token}
        choose={choose}
      />
    </div>
  );
}
