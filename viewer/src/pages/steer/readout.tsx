import { FeatureLink } from '../../components/feature-card';
import type { SteeredFeature, Steering } from '../../documents';
import { figure, visibleToken } from '../../format';
import { activationsOf, largest } from './panel';
import type { Spot, Which } from './texts';

interface ReadoutProps {
  result: Steering;
  spot: Spot | undefined;
  /** By which the texts are coloured. */
  feature: number;
  pick: (feature: number) => void;
  atlas: string;
  point: (spot: Spot | undefined) => void;
}

/** Every feature that is changed: its activations along both texts, and on the token pointed at. */
export function Readout({ result, spot, feature, pick, atlas, point }: ReadoutProps) {
  if (result.features.length === 0) return null;
  const token = spot && result[spot.which].tokens[spot.token];
  return (
    <section className="card steer-readout" aria-label="Activations">
      <div className="card-head">
        <h2>Activations</h2>
        <span className="small soft">
          before the feature is itself changed; the chosen one colours the texts
        </span>
        <span className="small steer-spot" role="status">
          {spot && token !== undefined && (
            <>
              On <code>{visibleToken(token)}</code>, position {spot.token} of the {spot.which} text
            </>
          )}
        </span>
      </div>
      {result.features.map((one, i) => (
        <div key={nameOf(one)} className="steer-strip-row">
          <button
            type="button"
            className="plain pin"
            aria-pressed={i === feature}
            aria-label={`Colour by ${nameOf(one)}`}
            onClick={() => pick(i)}
          >
            {i === feature ? '●' : '○'}
          </button>
          <Name one={one} atlas={atlas} />
          <Strip result={result} which="default" feature={i} spot={spot} point={point} />
          <Strip result={result} which="steered" feature={i} spot={spot} point={point} />
          <Values result={result} feature={i} spot={spot} />
        </div>
      ))}
    </section>
  );
}

function nameOf({ encoder, feature }: SteeredFeature): string {
  return `L${encoder}/${feature}`;
}

function Name({ one, atlas }: { one: SteeredFeature; atlas: string }) {
  const { encoder, feature, label = '' } = one;
  const row = { encoder, feature, name: nameOf(one), label };
  return (
    <span className="steer-strip-name">
      {atlas ? <FeatureLink atlas={atlas} row={row} /> : `${row.name} ${label}`}
    </span>
  );
}

interface StripProps {
  result: Steering;
  which: Which;
  feature: number;
  spot: Spot | undefined;
  point: (spot: Spot | undefined) => void;
}

function Strip({ result, which, feature, spot, point }: StripProps) {
  const values = activationsOf(result, which)[feature] ?? [];
  const most = largest(result, feature) || 1;
  const active = values.filter((value) => value > 0).length;
  return (
    <div
      className="steer-strip"
      role="img"
      aria-label={`${which} text: active on ${active} of ${values.length} tokens`}
      onMouseLeave={() => point(undefined)}
    >
      {values.map((value, i) => (
        <span
          key={i}
          className={[
            i < result.n_prompt ? 'prompt' : '',
            spot?.which === which && spot.token === i ? 'at' : '',
          ].join(' ')}
          onMouseEnter={() => point({ which, token: i })}
        >
          <i style={{ height: `${(100 * value) / most}%` }} />
        </span>
      ))}
    </div>
  );
}

function Values({ result, feature, spot }: Pick<StripProps, 'result' | 'feature' | 'spot'>) {
  if (!spot) return <span className="steer-values small soft">point at a token</span>;
  const text = result[spot.which];
  return (
    <span className="steer-values small">
      <span className="soft">without</span> {figure(text.plain[feature]?.[spot.token])}{' '}
      <span className="soft">with</span> {figure(text.steered[feature]?.[spot.token])}
    </span>
  );
}
