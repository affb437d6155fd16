import { type FormEvent, type KeyboardEvent, useState } from 'react';
import { author, type Draft, rememberAuthor, type Writing } from './annotation';
import { Rating } from './stars';

interface EditorProps {
  start: Draft;
  writing: Writing;
  done: () => void;
}

/** The form; Ctrl Enter saves, Esc leaves. */
export function Editor({ start, writing, done }: EditorProps) {
  const [draft, setDraft] = useState(start);
  const [name, setName] = useState(author);
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const { conflict, saving } = writing;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    rememberAuthor(name.trim());
    if (await writing.save({ ...draft, label: draft.label.trim() })) done();
  };
  const keyed = (event: KeyboardEvent) => {
    if (event.key === 'Escape') done();
    else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void submit(event);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <form className="editor" onSubmit={(event) => void submit(event)} onKeyDown={keyed}>
      <label>
        <span className="small soft">{conflict === undefined ? 'Label' : 'Label, merged'}</span>
        <input
          autoFocus
          maxLength={500}
          value={draft.label}
          placeholder="What makes it active, in a few words"
          onChange={(event) => change({ label: event.target.value })}
        />
      </label>
      <label>
        <span className="small soft">{conflict === undefined ? 'Note' : 'Note, merged'}</span>
        <textarea
          rows={3}
          maxLength={20_000}
          value={draft.note}
          placeholder="What speaks for it, what against it"
          onChange={(event) => change({ note: event.target.value })}
        />
      </label>
      <div className="editor-row">
        <Rating value={draft.rating} change={(rating) => change({ rating })} />
        <label>
          <span className="small soft">Your name</span>
          <input
            maxLength={100}
            value={name}
            placeholder="optional"
            onChange={(event) => setName(event.target.value)}
          />
        </label>
      </div>
      <div className="annotation-actions">
        <button type="submit" className="primary" disabled={saving} title="Ctrl Enter">
          {conflict === undefined ? 'Save' : 'Save the merged one'}
        </button>
        {conflict && (
          <button type="button" onClick={() => setDraft(mergedOf(draft, conflict))}>
            Put theirs below mine
          </button>
        )}
        <button type="button" onClick={done}>
          {conflict === undefined ? 'Cancel' : 'Keep theirs'}
        </button>
      </div>
    </form>
  );
}

/** Both texts, one below the other, to be shortened by the reader. */
function mergedOf(
  mine: Draft,
  theirs: { label: string; note: string; rating?: number | null },
): Draft {
  const both = (a: string, b: string, between: string) =>
    a === b || !b ? a : a ? `${a}${between}${b}` : b;
  return {
    label: both(mine.label, theirs.label, ' / '),
    note: both(mine.note, theirs.note, '\n\n'),
    rating: mine.rating ?? theirs.rating ?? null,
  };
}
