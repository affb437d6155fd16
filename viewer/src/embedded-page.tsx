import type { ExportDocument } from './documents';
import { Empty } from './components/states';
import { GraphExplorer } from './graph';
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
    default:
      return (
        <Empty title="Nothing to show">
          The document in this file is of a kind that this version does not know.
        </Empty>
      );
  }
}
