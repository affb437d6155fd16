import { Copy } from '../../components/copy';
import { SourceMark } from '../../components/label';
import type { AtlasInfo, FeaturePage } from '../../documents';
import { count, figure, share } from '../../format';
import { InGraphs } from './graphs';
import { Link, useNavigation } from '../../navigation';
import type { Route } from '../../router';
import { useShortcut } from '../../shell/shortcuts';

interface FeatureHeadProps {
  page: FeaturePage;
  atlas: AtlasInfo | undefined;
}

export function FeatureHead({ page, atlas }: FeatureHeadProps) {
  return (
    <header className="page-head feature-head">
      {atlas && <Crumbs page={page} atlas={atlas} />}
      <h1>
        <span className="mono feature-name">{page.name}</span>{' '}
        {page.label || <span className="soft">no label yet</span>}
      </h1>
      <SourceMark source={page.label_source} />
      <dl className="feature-facts">
        <Fact name="active on" value={`${share(page.density)} of tokens`} />
        <Fact name="activations" value={count(page.count)} />
        <Fact name="largest" value={figure(page.maximum)} />
        <Fact name="mean when active" value={figure(page.mean)} />
        {page.automatic_score !== null && (
          <Fact
            name={page.label === page.automatic_label ? 'label’s F1' : 'F1 of the rule'}
            value={figure(page.automatic_score)}
            title={`Of “${page.automatic_label}” as a rule for when it is active, on held-out examples`}
          />
        )}
        <Fact name="reads" value={page.site} />
        {page.cluster !== null && page.cluster >= 0 && (
          <Fact name="cluster" value={page.cluster_label || String(page.cluster)} />
        )}
      </dl>
      {atlas && <SteerLink page={page} atlas={atlas} />}
      {atlas && <InGraphs page={page} atlas={atlas.id} />}
      {page.count === 0 && (
        <p className="notice">
          This feature was never active on the atlas's texts: it may be dead, or respond to
          something that they lack.
        </p>
      )}
    </header>
  );
}

function SteerLink({ page, atlas }: { page: FeaturePage; atlas: AtlasInfo }) {
  const { model, dictionary } = atlas.links;
  if (!model || !dictionary) return null;
  const features = `${page.encoder}/${page.feature}`;
  return (
    <p className="small">
      <Link to={{ page: 'steer' }} query={{ model, dictionary, features }}>
        Steer with this
      </Link>
    </p>
  );
}

function Fact({ name, value, title }: { name: string; value: string; title?: string }) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Crumbs({ page, atlas }: { page: FeaturePage; atlas: AtlasInfo }) {
  const { go } = useNavigation();
  const { encoder, feature } = page;
  const of = (next: number): Route => ({ page: 'feature', id: atlas.id, encoder, feature: next });
  const last = (atlas.content.encoders[encoder]?.features ?? 0) - 1;
  const before = feature > 0 ? of(feature - 1) : undefined;
  const after = feature < last ? of(feature + 1) : undefined;
  useShortcut('ArrowLeft', 'the feature before', () => before && go(before));
  useShortcut('ArrowRight', 'the feature after', () => after && go(after));
  useShortcut('g a', 'go to the atlas', () => go({ page: 'atlas', id: atlas.id }));
  useShortcut('g m', 'go to the map', () => go({ page: 'map', id: atlas.id }));
  return (
    <nav className="crumbs" aria-label="Where this is">
      <Link to={{ page: 'atlas', id: atlas.id }}>{atlas.name}</Link>
      <Link to={{ page: 'map', id: atlas.id }}>map</Link>
      <span className="crumb-steps">
        {before ? <Link to={before}>← {feature - 1}</Link> : <span className="faint">←</span>}
        {after ? <Link to={after}>{feature + 1} →</Link> : <span className="faint">→</span>}
      </span>
      <Copy text={() => window.location.href}>Copy link</Copy>
    </nav>
  );
}
