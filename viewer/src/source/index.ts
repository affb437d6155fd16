export { SourceContext, useSource } from './context';
export { EmbeddedSource } from './embedded';
export { ended } from './events';
export { HttpSource } from './http';
export { type JobState, useJob } from './job';
export { type Loaded, useLoad } from './load';
export {
  Conflict,
  type FeatureKey,
  type FeatureQuery,
  type SearchQuery,
  type Source,
  SourceError,
} from './source';
