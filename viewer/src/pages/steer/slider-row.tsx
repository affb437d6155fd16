import { FeatureLink } from '../../components/feature-card';
import type { Steering } from '../../documents';
import { useLoad, useSource } from '../../source';
import { featureOnce } from '../../source/feature-cache';
import { type Change, type How, HOWS, isIdle, rangeOf, type Slid, START } from './change';
import { RowHead } from './row-head';
import { positionWords, targetWords } from './words';

interface SliderRowProps {
  change: Slid;
  /** Of the dictionary; empty where none is served. */
  atlas: string;
  /** Has labels where there is no atlas. */
  result: Steering | undefined;
  put: (next: Change | undefined) => void;
}

/** A feature, several, or a head, with how it is changed. */
export function SliderRow({ change, atlas, result, put }: SliderRowProps) {
  const { target, positions } = change;
  const pages = usePages(atlas, change);
  const known = 'value' in pages ? (pages.value ?? []) : [];
  const name = known.length ? known.map((page) => page.name).join(' + ') : targetWords(target);
  const strongest = Math.max(0, ...known.map((page) => page.maximum));
  return (
    <li className={`steer-change ${isIdle(change) ? 'off' : ''}`} aria-label={name}>
      <RowHead
        name={name}
        off={change.off}
        turn={(off) => put({ ...change, off })}
        remove={() => put(undefined)}
      >
        {known.length ? (
          known.map((page, i) => (
            <span key={i}>
              {i > 0 && ' + '}
              <FeatureLink atlas={atlas} row={page} />
            </span>
          ))
        ) : (
          <>
            <span className="mono">{name}</span> {labelOf(change, result)}
          </>
        )}
        {positions && <span className="soft small">{positionWords(positions)}</span>}
      </RowHead>
      <Way name={name} change={change} strongest={strongest} put={put} />
      {pages.state === 'failed' && (
        <p className="steer-wrong small" role="alert">
          {pages.error.message}
        </p>
      )}
    </li>
  );
}

/** The features' pages, from the atlas. */
function usePages(atlas: string, { target }: Slid) {
  const source = useSource();
  const asked = JSON.stringify(target.kind === 'features' && atlas ? target.features : []);
  return useLoad(() => {
    const features = JSON.parse(asked) as [number, number][];
    return Promise.all(features.map(([e, feature]) => featureOnce(source, atlas, e, feature)));
  }, [source, atlas, asked]);
}

function labelOf({ target }: Slid, result: Steering | undefined): string {
  const [only, more] = target.kind === 'features' ? target.features : [];
  if (!only || more) return '';
  const same = result?.features.find((one) => one.encoder === only[0] && one.feature === only[1]);
  return same?.label ?? '';
}

interface WayProps {
  name: string;
  change: Slid;
  strongest: number;
  put: (next: Change) => void;
}

/** How much, and in which way; moving the slider of what is ablated scales it. */
function Way({ name, change, strongest, put }: WayProps) {
  const { target, how, value, off } = change;
  const range = rangeOf(target.kind, how, strongest);
  const move = (next: number) => {
    if (Number.isFinite(next))
      put({ ...change, how: how === 'ablate' ? 'scale' : how, value: next });
  };
  return (
    <div className="steer-change-set">
      <select
        aria-label={`How ${name} is changed`}
        value={how}
        disabled={off}
        onChange={(event) => {
          const next = event.target.value as How;
          put({ ...change, how: next, value: START[next] });
        }}
      >
        {HOWS[target.kind].map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
      <input
        type="range"
        aria-label={`${how} ${name}`}
        disabled={off}
        {...range}
        value={Math.min(range.max, Math.max(range.min, value))}
        onChange={(event) => move(Number(event.target.valueAsNumber.toPrecision(6)))}
      />
      <input
        type="number"
        aria-label={`Value of ${name}`}
        disabled={off}
        step={range.step}
        value={value}
        onChange={(event) => move(event.target.valueAsNumber)}
      />
    </div>
  );
}
