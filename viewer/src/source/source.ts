/** Where the pages get their documents: from the server, or from the document they were given. */
import type {
  Annotation,
  AnnotationIn,
  AtlasInfo,
  AtlasMap,
  EntryDetail,
  EvaluationDocument,
  FeatureInGraph,
  FeatureList,
  FeaturePage,
  GraphView,
  Job,
  JobIn,
  Library,
  Metrics,
  OpenedRecipe,
  Revision,
  RunInfo,
  Verification,
  ViewState,
} from '../documents';

export interface FeatureQuery {
  layer?: number | undefined;
  cluster?: number | undefined;
  sort?: string | undefined;
  q?: string | undefined;
  limit?: number | undefined;
  offset?: number | undefined;
}

export interface SearchQuery {
  label?: string | undefined;
  token?: string | undefined;
  /** A feature as it is written: L3/127. */
  similar?: string | undefined;
  limit?: number | undefined;
}

export interface FeatureKey {
  /** Fingerprint of the dictionary. */
  dictionary: string;
  encoder: number;
  feature: number;
}

export interface Source {
  /** Whether a server answers: jobs, searches and annotations need one. */
  readonly live: boolean;
  library(signal?: AbortSignal): Promise<Library>;
  artifact(id: string, signal?: AbortSignal): Promise<EntryDetail>;
  atlas(id: string, signal?: AbortSignal): Promise<AtlasInfo>;
  atlasMap(id: string, signal?: AbortSignal): Promise<AtlasMap>;
  features(id: string, query: FeatureQuery, signal?: AbortSignal): Promise<FeatureList>;
  feature(
    atlas: string,
    encoder: number,
    feature: number,
    signal?: AbortSignal,
  ): Promise<FeaturePage>;
  /** Graphs in which a feature is active, the newest first. */
  graphsOf(
    atlas: string,
    encoder: number,
    feature: number,
    signal?: AbortSignal,
  ): Promise<FeatureInGraph[]>;
  search(id: string, query: SearchQuery, signal?: AbortSignal): Promise<FeatureList>;
  annotations(
    key: Partial<FeatureKey> & { dictionary: string },
    signal?: AbortSignal,
  ): Promise<Annotation[]>;
  /** Throws `Conflict` with the present annotation where another edit came first. */
  annotate(edit: AnnotationIn): Promise<Annotation>;
  history(key: FeatureKey, signal?: AbortSignal): Promise<Revision[]>;
  graph(id: string, signal?: AbortSignal): Promise<GraphView>;
  /** What testing the graph found; null where it was not tested. */
  verification(id: string, signal?: AbortSignal): Promise<Verification | null>;
  saveState(id: string, state: ViewState): Promise<void>;
  /** What the reader sees, in Neuronpedia's format. */
  neuronpedia(id: string, state: ViewState): Promise<Record<string, unknown>>;
  /** What the reader sees, as a file that needs no server. */
  graphPage(id: string, state: ViewState): Promise<Blob>;
  importGraph(document: unknown): Promise<GraphView>;
  /** Checks a steering recipe, and finds what it is for. */
  openRecipe(document: object): Promise<OpenedRecipe>;
  startJob(job: JobIn): Promise<Job>;
  cancelJob(id: string): Promise<void>;
  /** Reports every change of a job; resolves when it has ended, however it ended. */
  followJob(id: string, changed: (job: Job) => void, signal?: AbortSignal): Promise<Job>;
  jobResult<T>(id: string, signal?: AbortSignal): Promise<T>;
  /** Of a job that makes a file. */
  jobFile(id: string): Promise<Blob>;
  run(id: string, signal?: AbortSignal): Promise<RunInfo>;
  metrics(id: string, start: number, signal?: AbortSignal): Promise<Metrics>;
  evaluation(id: string, signal?: AbortSignal): Promise<EvaluationDocument[]>;
}

/** A request that was answered with an error, or not at all. */
export class SourceError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
    this.name = 'SourceError';
  }
}

/** Somebody else's edit came first. */
export class Conflict extends SourceError {
  /** As it stands now; null where it was deleted. */
  constructor(readonly current: Annotation | null) {
    super('Somebody else edited this meanwhile.', 409);
    this.name = 'Conflict';
  }
}
