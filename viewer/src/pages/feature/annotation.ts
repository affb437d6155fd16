import { useCallback, useEffect, useState } from 'react';
import type { Annotation, AnnotationIn } from '../../documents';
import { Conflict, type FeatureKey, useSource } from '../../source';

/** What a reader can write about a feature. */
export interface Draft {
  label: string;
  note: string;
  rating: number | null;
}

export interface Writing {
  annotation: Annotation | undefined;
  /** Somebody else's edit that came first; null where they deleted it. */
  conflict: Annotation | null | undefined;
  problem: string;
  saving: boolean;
  /** Whether it was saved. With a conflict on screen, it overwrites what that shows. */
  save: (draft: Draft) => Promise<boolean>;
  dismiss: () => void;
}

/** The annotation of a feature: read, written, and merged where two edits met. */
export function useAnnotation(key: FeatureKey, saved: () => void): Writing {
  const source = useSource();
  const [annotation, setAnnotation] = useState<Annotation>();
  const [conflict, setConflict] = useState<Annotation | null>();
  const [problem, setProblem] = useState('');
  const [saving, setSaving] = useState(false);
  const { dictionary, encoder, feature } = key;

  useEffect(() => {
    const stop = new AbortController();
    source.annotations({ dictionary, encoder, feature }, stop.signal).then(
      ([first]) => setAnnotation(first),
      (error: Error) => !stop.signal.aborted && setProblem(error.message),
    );
    return () => stop.abort();
  }, [source, dictionary, encoder, feature]);

  const save = useCallback(
    async (draft: Draft) => {
      const current = conflict === undefined ? annotation : conflict;
      const version = current?.version ?? 0;
      const edit: AnnotationIn = {
        dictionary,
        encoder,
        feature,
        ...draft,
        author: author(),
        version,
      };
      setSaving(true);
      setProblem('');
      try {
        setAnnotation(await source.annotate(edit));
        setConflict(undefined);
        saved();
        return true;
      } catch (error) {
        if (error instanceof Conflict) setConflict(error.current);
        else setProblem(error instanceof Error ? error.message : String(error));
        return false;
      } finally {
        setSaving(false);
      }
    },
    [source, dictionary, encoder, feature, annotation, conflict, saved],
  );

  const dismiss = useCallback(() => {
    setAnnotation((before) => (conflict === undefined ? before : (conflict ?? undefined)));
    setConflict(undefined);
  }, [conflict]);

  return { annotation, conflict, problem, saving, save, dismiss };
}

const AUTHOR = 'microtome.author';

export function author(): string {
  try {
    return localStorage.getItem(AUTHOR) ?? '';
  } catch {
    return '';
  }
}

export function rememberAuthor(name: string): void {
  try {
    localStorage.setItem(AUTHOR, name);
  } catch {
    // asked for again next time
  }
}
