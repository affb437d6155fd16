import { FeatureLink } from '../../components/feature-card';
import type { AtlasInfo, Steering } from '../../documents';
import { useLoad, useSource } from '../../source';
import { featureOnce } from '../../source/feature-cache';
import { AddFeature } from './add-feature';
import { type Change, type How, keyOf, OFF, rangeOf, type Settings } from './state';

interface ChangesProps {
  settings: Settings;
  set: (change: Partial<Settings>) => void;
  /** Of the dictionary; empty where none is served. */
  atlas: string;
  info: AtlasInfo | undefined;
  result: Steering | undefined;
}

/** The features that are changed, each with a slider. */
export function Changes({ settings, set, atlas, info, result }: ChangesProps) {
  const { changes } = settings;
  const put = (next: Change) =>
    set({ changes: changes.map((one) => (keyOf(one) === keyOf(next) ? next : one)) });
  const add = (encoder: number, feature: number) => {
    const added: Change = { encoder, feature, how: 'add', value: 0 };
    if (!changes.some((one) => keyOf(one) === keyOf(added))) set({ changes: [...changes, added] });
  };
  return (
    <section className="card steer-changes" aria-label="Features">
      <h2>Features</h2>
      <AddFeature atlas={atlas} info={info} add={add} />
      {changes.length === 0 && (
        <p className="soft small">
          None is changed yet. Find one by its label, or open a feature and choose “steer with
          this”.
        </p>
      )}
      <ul>
        {changes.map((change) => (
          <ChangeRow
            key={keyOf(change)}
            change={change}
            atlas={atlas}
            label={result?.features.find((one) => keyOf(one) === keyOf(change))?.label ?? ''}
            put={put}
            remove={() => set({ changes: changes.filter((c) => c !== change) })}
          />
        ))}
      </ul>
    </section>
  );
}

interface ChangeRowProps {
  change: Change;
  atlas: string;
  /** Where there is no atlas. */
  label: string;
  put: (next: Change) => void;
  remove: () => void;
}

const HOWS: How[] = ['add', 'scale', 'clamp'];
const START: Record<How, number> = { add: 0, scale: 1, clamp: 0 };

function ChangeRow({ change, atlas, label, put, remove }: ChangeRowProps) {
  const source = useSource();
  const { encoder, feature, how, value } = change;
  const page = useLoad(
    () => (atlas ? featureOnce(source, atlas, encoder, feature) : Promise.resolve(undefined)),
    [source, atlas, encoder, feature],
  );
  const known = 'value' in page ? page.value : undefined;
  const name = known?.name ?? `L${encoder}/${feature}`;
  const range = rangeOf(how, known?.maximum ?? 0);
  const off = value === OFF[how];
  return (
    <li className={`steer-change ${off ? 'off' : ''}`} aria-label={name}>
      <div className="steer-change-head">
        {known ? (
          <FeatureLink atlas={atlas} row={known} />
        ) : (
          <span>
            <span className="mono">{name}</span> {label}
          </span>
        )}
        <button type="button" className="plain" aria-label={`Remove ${name}`} onClick={remove}>
          ✕
        </button>
      </div>
      <div className="steer-change-set">
        <select
          aria-label={`How ${name} is changed`}
          value={how}
          onChange={(event) => {
            const next = event.target.value as How;
            put({ ...change, how: next, value: START[next] });
          }}
        >
          {HOWS.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
        <input
          type="range"
          aria-label={`${how} ${name}`}
          {...range}
          value={Math.min(range.max, Math.max(range.min, value))}
          onChange={(event) => put({ ...change, value: rounded(event.target.valueAsNumber) })}
        />
        <input
          type="number"
          aria-label={`Value of ${name}`}
          step={range.step}
          value={value}
          onChange={(event) => {
            const next = event.target.valueAsNumber;
            if (Number.isFinite(next)) put({ ...change, value: next });
          }}
        />
        <button
          type="button"
          className="plain small"
          disabled={OFF[how] === undefined || off}
          title={OFF[how] === undefined ? 'A clamp is never off; remove it' : `${how} ${OFF[how]}`}
          onClick={() => put({ ...change, value: START[how] })}
        >
          {off ? 'is off' : 'off'}
        </button>
      </div>
      {page.state === 'failed' && (
        <p className="steer-wrong small" role="alert">
          {page.error.message}
        </p>
      )}
    </li>
  );
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
