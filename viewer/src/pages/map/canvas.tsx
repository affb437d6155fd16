import { polygonContains } from 'd3-polygon';
import { quadtree, type Quadtree } from 'd3-quadtree';
import { select } from 'd3-selection';
import { zoom, zoomIdentity, type ZoomBehavior, type ZoomTransform } from 'd3-zoom';
import { type MouseEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useSize } from '../../components/size';
import type { AtlasMap } from '../../documents';
import type { Rgb } from '../../theme/rgb';
import { useColours } from '../../theme/theme';
import { Layer, type Named, namedClusters, type Scene } from './draw';
import { extentOf, fit } from './points';

interface MapCanvasProps {
  map: AtlasMap;
  colours: readonly Rgb[];
  marked: ReadonlySet<number> | undefined;
  at: number | undefined;
  lassoing: boolean;
  point: (index: number | undefined, place: [number, number]) => void;
  choose: (index: number | undefined) => void;
  lassoed: (points: number[]) => void;
}

const REACH = 12;
const REST_MS = 110;
const MAX_ZOOM = 400;

/** The points themselves: zoom, pan, hover, click, lasso. Enough for hundreds of thousands. */
export function MapCanvas(props: MapCanvasProps) {
  const { map, colours, marked, at, lassoing, point, choose, lassoed } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const behaviour = useRef<ZoomBehavior<HTMLCanvasElement, unknown>>(undefined);
  const [frame, size] = useSize<HTMLDivElement>();
  const [transform, setTransform] = useState<ZoomTransform>(zoomIdentity);
  const [lasso, setLasso] = useState<[number, number][]>([]);
  const [layer] = useState(() => new Layer());
  const theme = useColours();
  const places = useMemo(() => placesOf(map, size.width, size.height), [map, size]);
  const tree = useMemo(() => treeOf(places), [places]);

  useEffect(() => {
    if (!canvas.current) return;
    const made = zoom<HTMLCanvasElement, unknown>()
      .scaleExtent([0.6, MAX_ZOOM])
      .filter((event: Event) => !lassoing || event.type === 'wheel')
      .on('zoom', (event: { transform: ZoomTransform }) => setTransform(event.transform));
    behaviour.current = made;
    select(canvas.current).call(made).on('dblclick.zoom', null);
  }, [lassoing]);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context || !theme || !size.width) return undefined;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
    if (element.width !== width || element.height !== height) {
      element.width = width;
      element.height = height;
    }
    const font = getComputedStyle(element).fontFamily;
    const scene: Scene = { map, ...places, colours, marked, at, lasso, theme, font };
    let rest = 0;
    const draw = (rests: boolean) => layer.draw(context, scene, transform, ratio, rests);
    const wanted = requestAnimationFrame(() => {
      if (draw(false)) rest = window.setTimeout(() => draw(true), REST_MS);
    });
    return () => {
      cancelAnimationFrame(wanted);
      window.clearTimeout(rest);
    };
  }, [map, places, colours, marked, at, lasso, theme, size, transform, layer]);

  const near = (event: MouseEvent): number | undefined => {
    const [x, y] = transform.invert(placeOf(event));
    return tree.find(x, y, REACH / transform.k);
  };
  const finish = () => {
    if (lasso.length > 2) lassoed(within(lasso, places, transform));
    setLasso([]);
  };
  return (
    <div ref={frame} className={`map-canvas ${lassoing ? 'lassoing' : ''}`}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Map of ${map.id.length} features; the list beside it can be reached with the keyboard`}
        onPointerDown={(event) => {
          if (!lassoing) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setLasso([placeOf(event)]);
          point(undefined, [0, 0]);
        }}
        onPointerMove={(event) => {
          if (lasso.length) setLasso([...lasso, placeOf(event)]);
          else if (!lassoing && !event.buttons) point(near(event), placeOf(event));
        }}
        onPointerUp={() => lasso.length && finish()}
        onPointerLeave={() => point(undefined, [0, 0])}
        onClick={(event) => !lassoing && choose(near(event))}
      />
      <div className="map-zoom">
        {[
          { sign: '+', what: 'Zoom in', by: 1.6 },
          { sign: '−', what: 'Zoom out', by: 1 / 1.6 },
          { sign: '⤢', what: 'Show all', by: 0 },
        ].map(({ sign, what, by }) => (
          <button
            key={what}
            type="button"
            aria-label={what}
            title={what}
            onClick={() => zoomBy(canvas.current, behaviour.current, by)}
          >
            {sign}
          </button>
        ))}
      </div>
    </div>
  );
}

function zoomBy(
  canvas: HTMLCanvasElement | null,
  behaviour: ZoomBehavior<HTMLCanvasElement, unknown> | undefined,
  factor: number,
): void {
  if (!canvas || !behaviour) return;
  if (factor) behaviour.scaleBy(select(canvas), factor);
  else behaviour.transform(select(canvas), zoomIdentity);
}

interface Places {
  x: Float32Array;
  y: Float32Array;
  clusters: Named[];
}

function placesOf(map: AtlasMap, width: number, height: number): Places {
  const place = fit(extentOf(map.x, map.y), Math.max(width, 1), Math.max(height, 1), 40);
  const [x, y] = [Float32Array.from(map.x, place.x), Float32Array.from(map.y, place.y)];
  return { x, y, clusters: namedClusters(map, x, y) };
}

function treeOf({ x, y }: Places): Quadtree<number> {
  return quadtree<number>()
    .x((i) => x[i] as number)
    .y((i) => y[i] as number)
    .addAll(Array.from(x.keys()));
}

function placeOf(event: MouseEvent): [number, number] {
  const box = event.currentTarget.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function within(lasso: [number, number][], { x, y }: Places, transform: ZoomTransform): number[] {
  const polygon = lasso.map((place) => transform.invert(place));
  return Array.from(x.keys()).filter((i) =>
    polygonContains(polygon, [x[i] as number, y[i] as number]),
  );
}
