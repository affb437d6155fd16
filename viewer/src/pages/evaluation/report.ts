/** The shape of an evaluation's JSON, as `microtome evaluate` writes it (evaluation/result.py). */
export interface Figure {
  value: number;
  low: number | null;
  high: number | null;
}

export type Figures = Record<string, Figure>;

interface SiteResult {
  site: string;
  figures: Figures;
}

interface Versus {
  site: string;
  fvu: Figure | null;
  loss: Figure | null;
  verdict: 'better' | 'worse' | 'unclear';
}

interface Baseline {
  name: string;
  what: string;
  beaten: boolean;
  sites: SiteResult[];
  means: Figures;
  versus: Versus[];
}

export interface Density {
  site: string;
  tokens: number;
  features: number;
  l0: number;
  dead: number;
  dense: number;
  edges: number[];
  histogram: number[];
}

interface Outlier {
  before: string;
  token: string;
  after: string;
  error: number;
  l0: number;
  position: number;
}

interface TokenGroup {
  name: string;
  tokens: number;
  error: number;
  l0: number;
}

export interface PerToken {
  site: string;
  by_token: TokenGroup[];
  by_position: TokenGroup[];
  outliers: Outlier[];
}

export interface Probe {
  task: string;
  site: string;
  activation: Figure;
  dimensions: Record<string, Figure>;
  features: Record<string, Figure>;
}

export interface Report {
  verdict: string;
  dictionary: string;
  kind: string;
  model: string;
  tokens: number;
  documents: number;
  sites: SiteResult[];
  means: Figures;
  densities: Density[];
  per_token: PerToken[];
  replacement: Record<string, Figures>;
  baselines: Baseline[];
  probes: Probe[];
  stability: { other: string; twins: number[]; mean_cosine: number[]; threshold: number }[];
  notes: string[];
}

/** The names of figures in words, in the order in which they are shown. */
export const FIGURES: Record<string, string> = {
  l0: 'L0',
  fvu: 'FVU',
  cosine: 'cosine',
  ce_recovered: 'CE recovered',
  kl_recovered: 'KL recovered',
  top1: 'top-1',
};

/** Whether the document is a report; another version of it may lack a part, and then says so. */
export function isReport(value: unknown): value is Report {
  if (typeof value !== 'object' || value === null) return false;
  const needed = ['verdict', 'dictionary', 'sites', 'means', 'densities', 'per_token', 'baselines'];
  return needed.every((name) => name in value);
}
