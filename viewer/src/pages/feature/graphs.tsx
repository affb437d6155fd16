import type { FeaturePage } from '../../documents';
import { figure } from '../../format';
import { Link } from '../../navigation';
import { useLoad, useSource } from '../../source';

const LISTED = 5;

/** Where to see what feeds the feature: the graphs that have it, opened on its node. */
export function InGraphs({ page, atlas }: { page: FeaturePage; atlas: string }) {
  const source = useSource();
  const { encoder, feature } = page;
  const loaded = useLoad(
    (signal) => source.graphsOf(atlas, encoder, feature, signal),
    [source, atlas, encoder, feature],
  );
  if (loaded.state !== 'ready' || !loaded.value.length) return null;
  const more = loaded.value.length - LISTED;
  return (
    <p className="in-graphs" aria-label="Graphs with this feature">
      <span className="soft">in graphs:</span>
      {loaded.value.slice(0, LISTED).map(({ graph, name, prompt, node, activation }) => (
        <span key={graph}>
          <Link to={{ page: 'graph', id: graph }} query={{ node }}>
            {prompt || name}
          </Link>{' '}
          <span className="soft small">activation {figure(activation)}</span>
        </span>
      ))}
      {more > 0 && <span className="soft small">and {more} more</span>}
    </p>
  );
}
