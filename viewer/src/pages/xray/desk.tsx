import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Progress } from '../../components/progress';
import { NoModel, Weights } from '../../components/weights';
import type { EntryDetail, Library, XRay } from '../../documents';
import { useNavigation } from '../../navigation';
import { useShortcut } from '../../shell/shortcuts';
import { useJob } from '../../source';
import { XRayView } from './view';
import './xray.css';

interface XRayDeskProps {
  dictionary: EntryDetail;
  library: Library;
  choose: (dictionary: string) => void;
}

/** The text, the model and the dictionary; below, what was found. */
export function XRayDesk({ dictionary, library, choose }: XRayDeskProps) {
  const { address, replaceQuery } = useNavigation();
  const [text, setText] = useState(address.query.get('text') ?? '');
  const [model, setModel] = useState(dictionary.links.model ?? '');
  const { status, start, cancel } = useJob<XRay>();
  const field = useRef<HTMLTextAreaElement>(null);
  useShortcut('/', 'edit the text', () => field.current?.focus());
  const look = () => {
    if (!text.trim() || !model) return;
    replaceQuery({ text });
    start({ kind: 'xray', model, dictionary: dictionary.id, text });
  };
  // An address with a text shows its X-ray at once, but only when it is opened.
  const first = useRef(true);
  useEffect(() => {
    if (first.current) look();
    first.current = false;
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    look();
  };
  return (
    <div className="page xray-page">
      <header className="page-head">
        <h1>X-ray</h1>
        <span className="soft">the features that are active on each token of a text</span>
      </header>
      <form className="card xray-form" onSubmit={submit}>
        <textarea
          ref={field}
          autoFocus={!text}
          aria-label="Text"
          placeholder="Type or paste a text …"
          rows={3}
          maxLength={100_000}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => event.key === 'Enter' && event.ctrlKey && submit(event)}
        />
        <div className="xray-choices">
          <Weights
            library={library}
            dictionary={dictionary.id}
            chooseDictionary={choose}
            model={model}
            chooseModel={setModel}
          />
          <button type="submit" className="primary" disabled={!text.trim() || !model}>
            X-ray <kbd>Ctrl ⏎</kbd>
          </button>
        </div>
        <NoModel library={library} need="features need one" />
      </form>
      <Progress status={status} cancel={cancel} />
      {status.state === 'done' && (
        <XRayView xray={status.result} atlas={dictionary.links.atlas ?? ''} />
      )}
      {status.state === 'idle' && (
        <p className="soft none">
          Each token is shown with the features that are active on it, layer by layer. Click a token
          to list them all; pin a feature to see it over the text.
        </p>
      )}
    </div>
  );
}
