import type { FeatureRow } from '../documents';
import './label.css';

const SOURCES: Record<string, string> = {
  automatic: 'automatic: from tokens and logits',
  concept: 'concept: a known concept of the specimen',
  model: 'model: explained by a language model',
  person: 'person: written by a reader',
};

/** Who says so: a small sign beside a label. */
export function SourceMark({ source }: { source: string }) {
  if (!source) return null;
  return (
    <span className={`source-mark ${source}`} title={SOURCES[source] ?? source}>
      {source}
    </span>
  );
}

type Named = Pick<FeatureRow, 'name' | 'label'>;

/** A feature by its name and label. */
export function FeatureName({ row }: { row: Named }) {
  return (
    <>
      <span className="mono feature-name">{row.name}</span>{' '}
      {row.label || <span className="soft">no label</span>}
    </>
  );
}
