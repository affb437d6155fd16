import { useEffect, useRef } from 'react';
import { When } from '../../components/states';
import type { AtlasMap, FeaturePage } from '../../documents';
import { Link } from '../../navigation';
import { useLoad, useSource } from '../../source';
import { mapOnce } from '../../source/map-cache';
import { rgb } from '../../theme/rgb';
import { type Colours, useColours } from '../../theme/theme';
import { blank, extentOf, fit, stampAt, stampOf } from '../map/points';

const WIDTH = 360;
const HEIGHT = 240;

/** Where the feature lies among all others. */
export function MiniMap({ page, atlas }: { page: FeaturePage; atlas: string }) {
  const source = useSource();
  const map = useLoad(() => mapOnce(source, atlas), [source, atlas]);
  if (page.x === null) return null;
  return (
    <section className="card" aria-label="Place on the map">
      <div className="card-head">
        <h2>Map</h2>
        <Link
          className="small"
          to={{ page: 'map', id: atlas }}
          query={{ at: `${page.encoder}/${page.feature}` }}
        >
          Show it there
        </Link>
      </div>
      <When of={map}>{(all) => <Drawing map={all} page={page} />}</When>
      {page.cluster_label && <p className="small soft">In the cluster “{page.cluster_label}”.</p>}
    </section>
  );
}

function Drawing({ map, page }: { map: AtlasMap; page: FeaturePage }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = useColours();
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context && colours) context.putImageData(draw(map, page, colours), 0, 0);
  }, [map, page, colours]);
  return (
    <canvas
      ref={canvas}
      className="mini-map"
      width={2 * WIDTH}
      height={2 * HEIGHT}
      role="img"
      aria-label={`${page.name} among ${map.id.length} features`}
    />
  );
}

function draw(map: AtlasMap, page: FeaturePage, colours: Colours): ImageData {
  const [width, height] = [2 * WIDTH, 2 * HEIGHT];
  const picture = blank(width, height);
  const place = fit(extentOf(map.x, map.y), width, height, 16);
  const point = stampOf(map.id.length > 20_000 ? 1 : 2);
  const soft = rgb(colours.faint);
  map.x.forEach((x, i) => stampAt(picture, point, place.x(x), place.y(map.y[i] ?? 0), soft, 0.35));
  const [x, y] = [place.x(page.x ?? 0), place.y(page.y ?? 0)];
  stampAt(picture, stampOf(11), x, y, rgb(colours.surface), 1);
  stampAt(picture, stampOf(8), x, y, rgb(colours.accent), 1);
  return new ImageData(picture.bytes, width, height);
}
