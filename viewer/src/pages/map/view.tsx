import { useDeferredValue, useMemo, useRef, useState } from 'react';
import { Empty } from '../../components/states';
import type { AtlasInfo, AtlasMap } from '../../documents';
import { useNavigation } from '../../navigation';
import { useShortcut } from '../../shell/shortcuts';
import { useColours, useTheme } from '../../theme/theme';
import { AtlasHead } from '../atlas/head';
import { MapCanvas } from './canvas';
import { COLOURINGS, type ColouringName, colouringOf, usualColouring } from './colouring';
import { HoverCard } from './hover-card';
import { Legend } from './legend';
import { MapList } from './list';
import './map.css';

export function MapView({ atlas, map }: { atlas: AtlasInfo; map: AtlasMap }) {
  const { address, replaceQuery } = useNavigation();
  const { query } = address;
  const name = (query.get('colour') ?? usualColouring(map)) as ColouringName;
  const find = query.get('find') ?? '';
  const at = useMemo(() => indexOf(map, query.get('at') ?? ''), [map, query]);
  const [lassoing, setLassoing] = useState(false);
  const [lassoed, setLassoed] = useState<number[]>();
  const [hover, setHover] = useState<{ index: number; place: [number, number] }>();
  const field = useRef<HTMLInputElement>(null);
  const { dark } = useTheme();
  const theme = useColours();
  const faint = theme?.faint ?? 'rgb(128, 128, 128)';
  const colouring = useMemo(() => colouringOf(map, name, dark, faint), [map, name, dark, faint]);
  const listed = useListed(map, useDeferredValue(find), lassoed);
  const marked = useMemo(() => (listed ? new Set(listed) : undefined), [listed]);
  useShortcut('/', 'search the map', () => field.current?.focus());
  useShortcut('l', 'lasso features', () => setLassoing((on) => !on));
  useShortcut('Escape', 'drop the selection', () => {
    setLassoed(undefined);
    setLassoing(false);
    replaceQuery({ at: null, find: null });
  });
  const choose = (index: number | undefined) =>
    replaceQuery({
      at: index === undefined ? null : `${map.encoder[index]}/${map.feature[index]}`,
    });
  if (map.id.length === 0) return <NoMap />;
  return (
    <div className="map-page">
      <AtlasHead atlas={atlas} page="map">
        <div className="controls">
          <input
            ref={field}
            type="search"
            aria-label="Search labels"
            placeholder="Highlight labels with …   /"
            value={find}
            onChange={(event) => replaceQuery({ find: event.target.value })}
          />
          <label className="small soft">
            Colour by{' '}
            <select value={name} onChange={(event) => replaceQuery({ colour: event.target.value })}>
              {COLOURINGS.map((key) => (
                <option key={key}>{key}</option>
              ))}
            </select>
          </label>
          <button
            type="button"
            aria-pressed={lassoing}
            title="Draw around features to list them (l)"
            onClick={() => setLassoing(!lassoing)}
          >
            Lasso
          </button>
        </div>
      </AtlasHead>
      <div className="map-body">
        <div className="map-frame">
          <MapCanvas
            map={map}
            colours={colouring.colours}
            marked={marked}
            at={hover?.index ?? at}
            lassoing={lassoing}
            point={(index, place) => setHover(index === undefined ? undefined : { index, place })}
            choose={choose}
            lassoed={(points) => {
              setLassoed(points);
              setLassoing(false);
            }}
          />
          <Legend colouring={colouring} />
          {hover && <HoverCard atlas={atlas.id} map={map} {...hover} />}
        </div>
        <MapList
          atlas={atlas}
          map={map}
          listed={listed}
          what={lassoed ? 'lassoed' : find ? `with “${find}”` : 'on the map'}
          at={at}
          choose={choose}
          drop={lassoed ? () => setLassoed(undefined) : undefined}
        />
      </div>
    </div>
  );
}

function NoMap() {
  return (
    <Empty title="This atlas has no map">
      A map needs more than a handful of features; the list has them all.
    </Empty>
  );
}

/** Points that are listed and stand out: lassoed, or found; all where neither was asked. */
function useListed(map: AtlasMap, find: string, lassoed: number[] | undefined) {
  return useMemo(() => {
    const words = find.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return lassoed;
    const all = lassoed ?? map.id.map((_, i) => i);
    return all.filter((i) => {
      const text = (map.label[i] ?? '').toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }, [map, find, lassoed]);
}

function indexOf(map: AtlasMap, at: string): number | undefined {
  const [encoder, feature] = at.split('/').map(Number);
  const index = map.feature.findIndex((f, i) => f === feature && map.encoder[i] === encoder);
  return at && index >= 0 ? index : undefined;
}
