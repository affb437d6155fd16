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
import { followEvents } from './events';
import {
  Conflict,
  type FeatureKey,
  type FeatureQuery,
  type SearchQuery,
  type Source,
  SourceError,
} from './source';

type Params = Record<string, string | number | undefined>;

/** Reads the server that the page came from. */
export class HttpSource implements Source {
  readonly live = true;

  constructor(private readonly base = './api') {}

  library(signal?: AbortSignal) {
    return this.get<Library>('library', {}, signal);
  }

  artifact(id: string, signal?: AbortSignal) {
    return this.get<EntryDetail>(`artifacts/${part(id)}`, {}, signal);
  }

  atlas(id: string, signal?: AbortSignal) {
    return this.get<AtlasInfo>(`atlases/${part(id)}`, {}, signal);
  }

  atlasMap(id: string, signal?: AbortSignal) {
    return this.get<AtlasMap>(`atlases/${part(id)}/map`, {}, signal);
  }

  features(id: string, query: FeatureQuery, signal?: AbortSignal) {
    return this.get<FeatureList>(`atlases/${part(id)}/features`, { ...query }, signal);
  }

  feature(atlas: string, encoder: number, feature: number, signal?: AbortSignal) {
    const path = `atlases/${part(atlas)}/features/${encoder}/${feature}`;
    return this.get<FeaturePage>(path, {}, signal);
  }

  graphsOf(atlas: string, encoder: number, feature: number, signal?: AbortSignal) {
    const path = `atlases/${part(atlas)}/features/${encoder}/${feature}/graphs`;
    return this.get<FeatureInGraph[]>(path, {}, signal);
  }

  search(id: string, query: SearchQuery, signal?: AbortSignal) {
    return this.get<FeatureList>(`atlases/${part(id)}/search`, { ...query }, signal);
  }

  annotations(key: Partial<FeatureKey> & { dictionary: string }, signal?: AbortSignal) {
    return this.get<Annotation[]>('annotations', { ...key }, signal);
  }

  async annotate(edit: AnnotationIn): Promise<Annotation> {
    const answer = await this.send('PUT', 'annotations', edit);
    if (answer.status === 409) throw new Conflict(await currentOf(answer));
    return json<Annotation>(answer);
  }

  history(key: FeatureKey, signal?: AbortSignal) {
    return this.get<Revision[]>('annotations/history', { ...key }, signal);
  }

  graph(id: string, signal?: AbortSignal) {
    return this.get<GraphView>(`graphs/${part(id)}`, {}, signal);
  }

  verification(id: string, signal?: AbortSignal) {
    return this.get<Verification | null>(`graphs/${part(id)}/verification`, {}, signal);
  }

  async saveState(id: string, state: ViewState): Promise<void> {
    await checked(await this.send('PUT', `graphs/${part(id)}/state`, state));
  }

  async neuronpedia(id: string, state: ViewState) {
    const answer = await this.send('POST', `graphs/${part(id)}/neuronpedia`, state);
    return json<Record<string, unknown>>(answer);
  }

  async graphPage(id: string, state: ViewState): Promise<Blob> {
    const answer = await this.send('POST', `graphs/${part(id)}/html`, state);
    return (await checked(answer)).blob();
  }

  async importGraph(document: unknown): Promise<GraphView> {
    return json<GraphView>(await this.send('POST', 'graphs/import', document));
  }

  async openRecipe(document: object): Promise<OpenedRecipe> {
    return json<OpenedRecipe>(await this.send('POST', 'jobs/recipe', document));
  }

  async startJob(job: JobIn): Promise<Job> {
    return json<Job>(await this.send('POST', 'jobs', job));
  }

  async cancelJob(id: string): Promise<void> {
    await checked(await this.send('DELETE', `jobs/${part(id)}`));
  }

  followJob(id: string, changed: (job: Job) => void, signal?: AbortSignal): Promise<Job> {
    const poll = () => this.get<Job>(`jobs/${part(id)}`, {}, signal);
    return followEvents(`${this.base}/jobs/${part(id)}/events`, poll, changed, signal);
  }

  jobResult<T>(id: string, signal?: AbortSignal) {
    return this.get<T>(`jobs/${part(id)}/result`, {}, signal);
  }

  async jobFile(id: string): Promise<Blob> {
    const url = `${this.base}/jobs/${part(id)}/result`;
    return (await checked(await reached(url, {}))).blob();
  }

  run(id: string, signal?: AbortSignal) {
    return this.get<RunInfo>(`runs/${part(id)}`, {}, signal);
  }

  metrics(id: string, start: number, signal?: AbortSignal) {
    return this.get<Metrics>(`runs/${part(id)}/metrics`, { start }, signal);
  }

  evaluation(id: string, signal?: AbortSignal) {
    return this.get<EvaluationDocument[]>(`evaluations/${part(id)}`, {}, signal);
  }

  private async get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
    const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== '');
    const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
    const url = `${this.base}/${path}${given.length ? `?${query}` : ''}`;
    return json<T>(await reached(url, signal ? { signal } : {}));
  }

  private send(method: string, path: string, body?: unknown): Promise<Response> {
    const content =
      body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
    return reached(`${this.base}/${path}`, { method, ...content });
  }
}

const part = encodeURIComponent;

async function reached(url: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { credentials: 'same-origin', ...options });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new SourceError('The server does not answer; is `microtome serve` still running?', 0);
  }
}

async function checked(answer: Response): Promise<Response> {
  if (answer.ok) return answer;
  throw new SourceError(await detailOf(answer), answer.status);
}

async function json<T>(answer: Response): Promise<T> {
  return (await (await checked(answer)).json()) as T;
}

async function detailOf(answer: Response): Promise<string> {
  const fallback = `The server answered ${answer.status} ${answer.statusText}.`;
  try {
    const body: unknown = await answer.json();
    const detail = isObject(body) ? body.detail : undefined;
    return typeof detail === 'string' ? detail : fallback;
  } catch {
    return fallback;
  }
}

async function currentOf(answer: Response): Promise<Annotation | null> {
  const { current } = (await answer.json()) as { current: Annotation | null };
  return current;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
