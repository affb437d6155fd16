import type {
  Annotation,
  AtlasInfo,
  AtlasMap,
  EntryDetail,
  EvaluationDocument,
  ExportDocument,
  FeatureInGraph,
  FeatureList,
  FeaturePage,
  GraphView,
  Job,
  Library,
  Metrics,
  Revision,
  RunInfo,
  Verification,
} from '../documents';
import { type Source, SourceError } from './source';

/** Reads the one document of a file or a notebook cell. What is not in it needs a server. */
export class EmbeddedSource implements Source {
  readonly live = false;

  constructor(private readonly document: ExportDocument) {}

  library(): Promise<Library> {
    return Promise.resolve({ version: '', folders: [], entries: [], can_write: false });
  }

  artifact(): Promise<EntryDetail> {
    return absent('The manifest');
  }

  atlas(): Promise<AtlasInfo> {
    return absent('The atlas');
  }

  atlasMap(): Promise<AtlasMap> {
    return absent('The map');
  }

  features(): Promise<FeatureList> {
    return absent('The list of features');
  }

  async feature(_atlas: string, encoder: number, feature: number): Promise<FeaturePage> {
    const page = this.pageOf(encoder, feature);
    return page ?? absent(`Feature ${encoder}/${feature}`);
  }

  graphsOf(): Promise<FeatureInGraph[]> {
    return Promise.resolve([]);
  }

  search(): Promise<FeatureList> {
    return absent('Search');
  }

  annotations(): Promise<Annotation[]> {
    return Promise.resolve([]);
  }

  annotate(): Promise<Annotation> {
    return absent('Writing labels');
  }

  history(): Promise<Revision[]> {
    return Promise.resolve([]);
  }

  async graph(): Promise<GraphView> {
    return this.document.kind === 'graph' ? this.document.graph : absent('The graph');
  }

  async verification(): Promise<Verification | null> {
    return this.document.kind === 'graph' ? (this.document.verification ?? null) : null;
  }

  saveState(): Promise<void> {
    return absent('Saving');
  }

  neuronpedia(): Promise<Record<string, unknown>> {
    return absent('This export');
  }

  graphPage(): Promise<Blob> {
    return absent('This export');
  }

  importGraph(): Promise<GraphView> {
    return absent('Opening other graphs');
  }

  openRecipe(): Promise<never> {
    return absent('Opening recipes');
  }

  startJob(): Promise<Job> {
    return absent('Running the model');
  }

  cancelJob(): Promise<void> {
    return absent('Running the model');
  }

  followJob(): Promise<Job> {
    return absent('Running the model');
  }

  jobResult<T>(): Promise<T> {
    return absent('Running the model');
  }

  jobFile(): Promise<Blob> {
    return absent('Running the model');
  }

  async run(): Promise<RunInfo> {
    return this.document.kind === 'run' ? this.document.run : absent('The run');
  }

  async metrics(): Promise<Metrics> {
    if (this.document.kind !== 'run') return absent('The run');
    return { rows: this.document.metrics, next: 0 };
  }

  async evaluation(): Promise<EvaluationDocument[]> {
    return this.document.kind === 'evaluation'
      ? this.document.evaluation
      : absent('The evaluation');
  }

  private pageOf(encoder: number, feature: number): FeaturePage | undefined {
    const { document } = this;
    if (document.kind === 'graph') return document.features?.[`${encoder}/${feature}`];
    if (document.kind !== 'feature') return undefined;
    const { page } = document;
    return page.encoder === encoder && page.feature === feature ? page : undefined;
  }
}

function absent(what: string): Promise<never> {
  const sentence = `${what} is not part of this file; open it with \`microtome serve\`.`;
  return Promise.reject(new SourceError(sentence, 0));
}
