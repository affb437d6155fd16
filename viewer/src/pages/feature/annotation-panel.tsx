import { useCallback, useState } from 'react';
import type { Annotation, AtlasInfo, FeaturePage } from '../../documents';
import { since } from '../../format';
import { useShortcut } from '../../shell/shortcuts';
import { useSource } from '../../source';
import { forgetFeature } from '../../source/feature-cache';
import { useAnnotation } from './annotation';
import { ConflictView } from './conflict';
import { Editor } from './editor';
import { History } from './history';
import { Stars } from './stars';

interface AnnotationPanelProps {
  page: FeaturePage;
  atlas: AtlasInfo;
  /** The label changed: what shows it has to be read again. */
  saved: () => void;
}

/** What people say of a feature: label, note, rating; written here, with its history. */
export function AnnotationPanel({ page, atlas, saved }: AnnotationPanelProps) {
  const source = useSource();
  const [open, setOpen] = useState<'editor' | 'history'>();
  const { encoder, feature } = page;
  const key = { dictionary: atlas.dictionary_fingerprint, encoder, feature };
  const written = useCallback(() => {
    forgetFeature(source, atlas.id, encoder, feature);
    saved();
  }, [source, atlas.id, encoder, feature, saved]);
  const writing = useAnnotation(key, written);
  useShortcut('e', 'edit the label', () => setOpen('editor'));
  const { annotation } = writing;
  const close = () => {
    writing.dismiss();
    setOpen(undefined);
  };
  return (
    <section className="card annotation" aria-label="Annotation">
      {open === 'editor' ? (
        <>
          {writing.conflict !== undefined && <ConflictView theirs={writing.conflict} />}
          <Editor
            key={annotation?.version ?? 0}
            start={{
              label: annotation?.label || page.label,
              note: annotation?.note ?? '',
              rating: annotation?.rating ?? null,
            }}
            writing={writing}
            done={close}
          />
        </>
      ) : (
        <Summary annotation={annotation} page={page} />
      )}
      {writing.problem && (
        <p className="problem" role="alert">
          {writing.problem}
        </p>
      )}
      {open !== 'editor' && (
        <div className="annotation-actions">
          <button type="button" onClick={() => setOpen('editor')} title="e">
            {annotation ? 'Edit' : 'Write a label'}
          </button>
          {annotation && (
            <button
              type="button"
              aria-expanded={open === 'history'}
              onClick={() => setOpen(open === 'history' ? undefined : 'history')}
            >
              History
            </button>
          )}
        </div>
      )}
      {open === 'history' && <History of={key} version={annotation?.version ?? 0} />}
    </section>
  );
}

const ORIGIN: Record<string, string> = {
  automatic: 'The label was made from tokens and logits.',
  concept: 'The label is a known concept of the specimen.',
  model: 'A language model wrote the label.',
};

interface SummaryProps {
  annotation: Annotation | undefined;
  page: FeaturePage;
}

function Summary({ annotation, page }: SummaryProps) {
  if (!annotation) {
    return (
      <p className="soft">
        {page.label
          ? `${ORIGIN[page.label_source] ?? 'The label is the atlas’s.'} Nobody has written one yet.`
          : 'Nobody has written a label yet.'}
      </p>
    );
  }
  return (
    <div className="annotation-text">
      <p>
        <b>{annotation.label || 'No label'}</b>{' '}
        {annotation.rating && <Stars value={annotation.rating} />}
      </p>
      {annotation.note && <p className="note">{annotation.note}</p>}
      <p className="small soft">
        {annotation.author || 'somebody'}, {since(annotation.updated)}
        {page.automatic_label && ` · by rule: ${page.automatic_label}`}
      </p>
    </div>
  );
}
