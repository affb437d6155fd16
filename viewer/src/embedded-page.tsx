import type { ExportDocument } from './documents';
import { Empty } from './components/states';
import { GraphExplorer } from './graph';
import { EvaluationView } from './pages/evaluation/evaluation';
import { FeatureView } from './pages/feature/view';
import { RunView } from './pages/run/run';
import type { Source } from './source';

interface EmbeddedPageProps {
  document: ExportDocument;
  source: Source;
}

/** The page of a document. */
export function EmbeddedPage({ document, source }: EmbeddedPageProps) {
  switch (document.kind) {
    case 'graph':
      return <GraphExplorer source={source} id={document.graph.id} />;
    case 'feature':
      return <FeatureView page={document.page} />;
    case 'run':
      return <RunView run={document.run} rows={document.metrics} />;
    case 'evaluation':
      return <EvaluationView documents={document.evaluation} />;
    default:
      return (
        <Empty title="Nothing to show">
          The document in this file is of a kind that this version does not know.
        </Empty>
      );
  }
}
