import { Empty } from './components/states';
import { GraphCompare, GraphExplorer } from './graph';
import { Link, useNavigation } from './navigation';
import { AtlasPage } from './pages/atlas/atlas';
import { EvaluationPage } from './pages/evaluation/evaluation';
import { FeatureRoute } from './pages/feature/feature';
import { HeadsPage } from './pages/heads/heads';
import { LibraryPage } from './pages/library/library';
import { MapPage } from './pages/map/map';
import { RunPage } from './pages/run/run';
import { SteerPage } from './pages/steer/steer';
import { XRayPage } from './pages/xray/xray';
import type { Route } from './router';
import { Shell } from './shell/shell';
import { type Source, SourceContext } from './source';

/** The web application. */
export function App({ source }: { source: Source }) {
  return (
    <SourceContext value={source}>
      <Shell>
        <Page source={source} />
      </Shell>
    </SourceContext>
  );
}

function Page({ source }: { source: Source }) {
  const { route } = useNavigation().address;
  return <PageOf key={keyOf(route)} route={route} source={source} />;
}

/** Pages of one kind share their state only where they are about the same thing. */
function keyOf(route: Route): string {
  return 'id' in route ? `${route.page}/${route.id}` : route.page;
}

function PageOf({ route, source }: { route: Route; source: Source }) {
  switch (route.page) {
    case 'library':
      return <LibraryPage />;
    case 'atlas':
      return <AtlasPage id={route.id} />;
    case 'map':
      return <MapPage id={route.id} />;
    case 'xray':
      return <XRayPage id={route.id} />;
    case 'heads':
      return <HeadsPage id={route.id} />;
    case 'steer':
      return <SteerPage />;
    case 'run':
      return <RunPage id={route.id} />;
    case 'evaluation':
      return <EvaluationPage id={route.id} />;
    case 'feature':
      return <FeatureRoute id={route.id} encoder={route.encoder} feature={route.feature} />;
    case 'graph':
      return <GraphExplorer source={source} id={route.id} />;
    case 'compare':
      return <GraphCompare source={source} id={route.id} other={route.other} />;
    default:
      return (
        <Empty title="There is no such page">
          The address names nothing that the viewer knows; the{' '}
          <Link to={{ page: 'library' }}>library</Link> lists what there is.
        </Empty>
      );
  }
}
