/** The documents of the server, under the names that the pages use. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Library = Schemas['Library'];
export type Entry = Schemas['Entry'];
export type EntryDetail = Schemas['EntryDetail'];
export type EntryKind = Entry['kind'];
export type AtlasInfo = Schemas['AtlasInfo'];
export type AtlasMap = Schemas['AtlasMap'];
export type ClusterRow = Schemas['ClusterRow'];
export type FeatureList = Schemas['FeatureList'];
export type FeatureRow = Schemas['FeatureRow'];
export type FeatureInGraph = Schemas['FeatureInGraph'];
export type FeaturePage = Schemas['FeaturePage'];
export type Band = Schemas['Band'];
export type Example = Schemas['Example'];
export type Histogram = Schemas['Histogram'];
export type TokenScore = Schemas['TokenScore'];
export type OperandPlot = Schemas['OperandPlot'];
export type XRay = Schemas['XRay'];
export type XRayLayer = Schemas['XRayLayer'];
export type Annotation = Schemas['Annotation'];
export type AnnotationIn = Schemas['AnnotationIn'];
export type Revision = Schemas['Revision'];
export type GraphView = Schemas['GraphView'];
export type ViewState = Schemas['ViewState'];
export type TraceJob = Schemas['TraceJob'];
export type XRayJob = Schemas['XRayJob'];
export type OperandsJob = Schemas['OperandsJob'];
export type VerifyJob = Schemas['VerifyJob'];
export type EdgeJob = Schemas['EdgeJob'];
export type ScoreJob = Schemas['ScoreJob'];
export type HeadsJob = Schemas['HeadsJob'];
export type SteerJob = Schemas['SteerJob'];
export type SteerHookJob = Schemas['SteerHookJob'];
export type Steering = Schemas['Steering'];
export type Intervention = Schemas['Intervention'];
export type OpenedRecipe = Schemas['OpenedRecipe'];
export type SteeredFeature = Schemas['SteeredFeature'];
export type JobIn =
  | TraceJob
  | XRayJob
  | OperandsJob
  | VerifyJob
  | EdgeJob
  | ScoreJob
  | HeadsJob
  | SteerJob
  | SteerHookJob;
export type Job = Schemas['Job'];
export type Verification = Schemas['Verification'];
export type EdgeHeads = Schemas['EdgeHeads'];
export type HeadScore = Schemas['HeadScore'];
export type Heads = Schemas['Heads'];
export type HeadRow = Schemas['HeadRow'];
export type HeadDetail = Schemas['HeadDetail'];
export type HeadFeature = Schemas['HeadFeature'];
export type HeadPair = Schemas['HeadPair'];
export type RunInfo = Schemas['RunInfo'];
export type Metrics = Schemas['Metrics'];
export type MetricsRow = Metrics['rows'][number];

export type EvaluationDocument = Record<string, unknown>;

/** What a file or a notebook cell shows: see docs/concepts/viewer.md, "In a file". */
export type ExportDocument = Schemas['ExportDocument'];
