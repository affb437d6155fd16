import { When } from '../../components/states';
import { useLoad, useSource } from '../../source';
import { mapOnce } from '../../source/map-cache';
import { MapView } from './view';

/** All features of an atlas in the plane. */
export function MapPage({ id }: { id: string }) {
  const source = useSource();
  const both = useLoad(
    (signal) => Promise.all([source.atlas(id, signal), mapOnce(source, id)]),
    [source, id],
  );
  return (
    <When of={both} what="Reading the map">
      {([atlas, map]) => <MapView atlas={atlas} map={map} />}
    </When>
  );
}
