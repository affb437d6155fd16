import { useEffect, useRef, useState } from 'react';
import { When } from '../../components/states';
import type { AtlasInfo } from '../../documents';
import { useNavigation } from '../../navigation';
import { useShortcut } from '../../shell/shortcuts';
import { useLoad, useSource } from '../../source';
import { AtlasHead } from './head';
import { FeatureTable } from './table';
import './atlas.css';

const MATCH = { match: 'best match' };
const SORTS = {
  id: 'number',
  '-density': 'most often active',
  density: 'least often active',
  '-maximum': 'largest activation',
  '-score': 'label’s F1',
};
const WAYS = {
  label: { name: 'in the label', hint: 'sum ends in 5' },
  token: { name: 'active on the token', hint: 'a token as the model has it' },
  similar: { name: 'similar to', hint: 'L3/127' },
};
const TYPING_MS = 200;

export type Way = keyof typeof WAYS;

/** All features of an atlas: searched, sorted, filtered. */
export function AtlasPage({ id }: { id: string }) {
  const source = useSource();
  const atlas = useLoad((signal) => source.atlas(id, signal), [source, id]);
  return (
    <When of={atlas} what="Opening the atlas">
      {(info) => <AtlasView atlas={info} />}
    </When>
  );
}

function AtlasView({ atlas }: { atlas: AtlasInfo }) {
  const { address, replaceQuery } = useNavigation();
  const { query } = address;
  const way = (query.get('by') ?? 'label') as Way;
  const find = query.get('find') ?? '';
  const sorts = find.trim() ? { ...MATCH, ...SORTS } : SORTS;
  const usual = find.trim() ? 'match' : 'id';
  const asked = query.get('sort') ?? usual;
  const sort = asked in sorts ? asked : usual;
  const layer = query.get('layer') ?? '';
  const cluster = query.get('cluster') ?? '';
  const [typed, setTyped] = useState(find);
  const field = useRef<HTMLInputElement>(null);
  useShortcut('/', 'search features', () => field.current?.focus());
  useEffect(() => {
    const timer = setTimeout(() => typed !== find && replaceQuery({ find: typed }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, find, replaceQuery]);
  const searches = way !== 'label' && find !== '';
  return (
    <div className="page atlas-page">
      <AtlasHead atlas={atlas} page="atlas" />
      <div className="controls">
        <select
          aria-label="Search"
          value={way}
          onChange={(event) => replaceQuery({ by: event.target.value })}
        >
          {Object.entries(WAYS).map(([key, { name }]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
        <input
          ref={field}
          type="search"
          aria-label="Find"
          placeholder={`${WAYS[way].hint}   /`}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        {!searches && (
          <>
            <Choice
              name="Sort by"
              value={sort}
              options={Object.entries(sorts)}
              choose={(value) => replaceQuery({ sort: value === usual ? null : value })}
            />
            {atlas.layers.length > 1 && (
              <Choice
                name="Layer"
                value={layer}
                options={[
                  ['', 'all'],
                  ...atlas.layers.map((n): [string, string] => [`${n}`, `${n}`]),
                ]}
                choose={(value) => replaceQuery({ layer: value })}
              />
            )}
            {cluster && (
              <button type="button" onClick={() => replaceQuery({ cluster: null })}>
                cluster {cluster} ✕
              </button>
            )}
          </>
        )}
      </div>
      <FeatureTable
        key={[way, find, sort, layer, cluster].join('|')}
        atlas={atlas}
        wanted={{ way, find, sort, layer, cluster }}
      />
    </div>
  );
}

interface ChoiceProps {
  name: string;
  value: string;
  options: [string, string][];
  choose: (value: string) => void;
}

function Choice({ name, value, options, choose }: ChoiceProps) {
  return (
    <label className="small soft">
      {name}{' '}
      <select value={value} onChange={(event) => choose(event.target.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
