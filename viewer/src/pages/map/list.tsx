import { FeatureCard, FeatureLink } from '../../components/feature-card';
import { Copy } from '../../components/copy';
import { VirtualList } from '../../components/virtual-list';
import type { AtlasInfo, AtlasMap } from '../../documents';
import { count } from '../../format';
import { Link, useNavigation } from '../../navigation';
import { nameOf } from './names';
import { saveText } from '../../components/save';

interface MapListProps {
  atlas: AtlasInfo;
  map: AtlasMap;
  /** All, where it is absent. */
  listed: number[] | undefined;
  what: string;
  at: number | undefined;
  choose: (index: number) => void;
  drop: (() => void) | undefined;
}

const ROW_HEIGHT = 30;

/** The features that stand out, as a list to walk through, copy or keep. */
export function MapList({ atlas, map, listed, what, at, choose, drop }: MapListProps) {
  const { go } = useNavigation();
  const length = listed?.length ?? map.id.length;
  const indexAt = (i: number) => (listed ? (listed[i] ?? 0) : i);
  const indices = () => Array.from({ length }, (_, i) => indexAt(i));
  const routeOf = (index: number) => ({
    page: 'feature' as const,
    id: atlas.id,
    encoder: map.encoder[index] ?? 0,
    feature: map.feature[index] ?? 0,
  });
  return (
    <aside className="map-list" aria-label="Features">
      <div className="map-list-head">
        <b>{count(length)}</b> <span className="soft">{what}</span>
        {drop && (
          <button type="button" className="plain" onClick={drop}>
            Drop
          </button>
        )}
        <span className="map-list-actions">
          <Copy
            text={() =>
              indices()
                .map((i) => lineOf(map, i))
                .join('\n')
            }
          >
            Copy
          </Copy>
          <button
            type="button"
            className="plain"
            onClick={() =>
              saveText(`${atlas.name}-features.csv`, csvOf(map, indices()), 'text/csv')
            }
          >
            CSV
          </button>
        </span>
      </div>
      {at !== undefined && (
        <div className="map-chosen">
          <FeatureCard
            atlas={atlas.id}
            encoder={map.encoder[at] ?? 0}
            feature={map.feature[at] ?? 0}
          />
          <Link to={routeOf(at)}>Open {nameOf(map, at)}</Link>
        </div>
      )}
      {length === 0 ? (
        <p className="soft none">No label has all these words.</p>
      ) : (
        <VirtualList
          length={length}
          rowHeight={ROW_HEIGHT}
          label="Features"
          open={(i) => go(routeOf(indexAt(i)))}
          moved={(i) => choose(indexAt(i))}
          row={(i) => <Row atlas={atlas.id} map={map} index={indexAt(i)} />}
        />
      )}
    </aside>
  );
}

function Row({ atlas, map, index }: { atlas: string; map: AtlasMap; index: number }) {
  const row = {
    encoder: map.encoder[index] ?? 0,
    feature: map.feature[index] ?? 0,
    name: nameOf(map, index),
    label: map.label[index] ?? '',
  };
  return (
    <div className="map-row" role="gridcell">
      <FeatureLink atlas={atlas} row={row} />
    </div>
  );
}

function lineOf(map: AtlasMap, index: number): string {
  return `${nameOf(map, index)}\t${map.label[index] ?? ''}`;
}

const COLUMNS = ['encoder', 'feature', 'layer', 'density', 'cluster', 'label'] as const;

function csvOf(map: AtlasMap, indices: number[]): string {
  const rows = indices.map((i) => COLUMNS.map((name) => cell(map[name][i])).join(','));
  return [COLUMNS.join(','), ...rows, ''].join('\n');
}

function cell(value: string | number | undefined): string {
  const text = String(value ?? '');
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
