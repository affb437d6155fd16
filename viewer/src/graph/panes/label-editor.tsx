/** A feature's label, which a reader may write; two who write at once lose nothing. */

import { type FormEvent, useState } from 'react';
import type { Annotation } from '../../documents';
import { Conflict, useSource } from '../../source';

interface LabelEditorProps {
  dictionary: string;
  encoder: number;
  feature: number;
  label: string;
  saved: (label: string) => void;
}

export function LabelEditor({ dictionary, encoder, feature, label, saved }: LabelEditorProps) {
  const source = useSource();
  const [text, setText] = useState(label);
  const [message, setMessage] = useState('');
  const [newer, setNewer] = useState<Annotation>();
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setMessage('Saving …');
    const key = { dictionary, encoder, feature };
    try {
      const current = newer ?? (await source.annotations(key))[0];
      const { note = '', rating = null, author = '', version = 0 } = current ?? {};
      await source.annotate({ ...key, note, rating, author, version, label: text.trim() });
      setMessage('Saved.');
      setNewer(undefined);
      setText(text.trim());
      saved(text.trim());
    } catch (error) {
      if (error instanceof Conflict) setNewer(error.current ?? undefined);
      setMessage(error instanceof Error ? error.message : String(error));
    }
  };
  const changed = text.trim() !== label;
  return (
    <form className="label-editor" onSubmit={(event) => void save(event)}>
      <input
        aria-label="Label of the feature"
        placeholder="What does it stand for?"
        maxLength={500}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setMessage('');
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          setText(label);
          event.currentTarget.blur();
        }}
      />
      <button type="submit" disabled={!changed}>
        Save label
      </button>
      {newer && (
        <p className="small">Meanwhile it was named “{newer.label}”. Save again to replace that.</p>
      )}
      <span className="small soft" role="status">
        {message}
      </span>
    </form>
  );
}
