/** A new graph: model, dictionary, prompt, what to explain; progress, cancel, then the graph. */

import { type FormEvent, useEffect, useMemo, useState } from 'react';
import { Dialog } from '../../components/dialog';
import { Progress } from '../../components/progress';
import type { Entry, Library, TraceJob } from '../../documents';
import { useNavigation } from '../../navigation';
import { useJob, useLoad, useSource } from '../../source';
import type { GraphView } from '../model/document';

interface TraceDialogProps {
  view: GraphView;
  close: () => void;
}

export function TraceDialog({ view, close }: TraceDialogProps) {
  const source = useSource();
  const { go } = useNavigation();
  const library = useLoad((signal) => source.library(signal), [source]);
  const { status, start, cancel } = useJob<Entry>();
  useEffect(() => {
    if (status.state !== 'done') return;
    close();
    go({ page: 'graph', id: status.result.id });
  }, [status, close, go]);
  const failed = library.state === 'failed' ? library.error.message : '';
  const known = library.state === 'failed' ? undefined : library.value;
  return (
    <Dialog title="New trace" close={close} className="trace-dialog">
      {failed && <p role="alert">{failed}</p>}
      {known && (
        <TraceForm view={view} library={known} busy={status.state === 'running'} start={start} />
      )}
      <Progress status={status} cancel={cancel} />
    </Dialog>
  );
}

interface TraceFormProps {
  view: GraphView;
  library: Library;
  busy: boolean;
  start: (job: TraceJob) => void;
}

function TraceForm({ view, library, busy, start }: TraceFormProps) {
  const models = useMemo(() => usable(library, 'model'), [library]);
  const dictionaries = useMemo(() => usable(library, 'dictionary'), [library]);
  const [model, setModel] = useState(() => matching(models, view.model_fingerprint, view.model));
  const [dictionary, setDictionary] = useState(() =>
    matching(dictionaries, view.dictionary_fingerprint, view.dictionary),
  );
  const [prompt, setPrompt] = useState(view.prompt);
  const [tokens, setTokens] = useState('');
  const [minus, setMinus] = useState('');
  const [most, setMost] = useState('');
  const problem = problemOf(library, models, dictionaries, prompt, tokens, minus);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (problem) return;
    const max_features = most ? Number(most) : null;
    start({
      kind: 'trace',
      model,
      dictionary,
      prompt,
      tokens: parted(tokens),
      minus,
      max_features,
      name: '',
    });
  };
  return (
    <form className="trace-form" onSubmit={submit}>
      <Choice name="Model" entries={models} value={model} set={setModel} />
      <Choice name="Dictionary" entries={dictionaries} value={dictionary} set={setDictionary} />
      <label className="wide">
        <span>Prompt</span>
        <textarea
          rows={3}
          value={prompt}
          // the form comes after the dialog, which has no field to focus by then
          ref={focused}
          onChange={(event) => setPrompt(event.target.value)}
        />
      </label>
      <label>
        <span>Explain the next token</span>
        <input
          value={tokens}
          placeholder="the likely ones"
          onChange={(event) => setTokens(event.target.value)}
        />
      </label>
      <label>
        <span>rather than</span>
        <input
          value={minus}
          placeholder="– (logit difference)"
          onChange={(event) => setMinus(event.target.value)}
        />
      </label>
      <label>
        <span>Features at most</span>
        <input
          type="number"
          min={1}
          max={100000}
          value={most}
          placeholder="all that are active"
          onChange={(event) => setMost(event.target.value)}
        />
      </label>
      <div className="trace-submit">
        <span className="small soft">{problem}</span>
        <button type="submit" className="primary" disabled={busy || problem !== ''}>
          Trace
        </button>
      </div>
    </form>
  );
}

const focused = (field: HTMLTextAreaElement | null) => field?.focus();

function usable(library: Library, kind: 'model' | 'dictionary'): Entry[] {
  return library.entries.filter((entry) => entry.kind === kind && !entry.problem);
}

function matching(entries: readonly Entry[], fingerprint: string, name: string): string {
  const same = entries.find((e) => fingerprint && e.fingerprint === fingerprint);
  return (same ?? entries.find((e) => e.name === name) ?? entries[0])?.id ?? '';
}

/** Several tokens are parted by “|”, as spaces and commas may belong to tokens. */
function parted(text: string): string[] {
  return text.split('|').filter((part) => part !== '');
}

function problemOf(
  library: Library,
  models: readonly Entry[],
  dictionaries: readonly Entry[],
  prompt: string,
  tokens: string,
  minus: string,
): string {
  if (!library.can_write) return 'The server only reads: start it with a folder to write to.';
  if (!models.length) return 'No model is served: add its folder to microtome serve.';
  if (!dictionaries.length) return 'No dictionary is served: add its folder to microtome serve.';
  if (!prompt) return 'A prompt is needed.';
  if (minus && parted(tokens).length !== 1)
    return 'A difference needs exactly one token to explain.';
  return '';
}

interface ChoiceProps {
  name: string;
  entries: readonly Entry[];
  value: string;
  set: (id: string) => void;
}

function Choice({ name, entries, value, set }: ChoiceProps) {
  return (
    <label>
      <span>{name}</span>
      <select value={value} onChange={(event) => set(event.target.value)}>
        {entries.map((entry) => (
          <option key={entry.id} value={entry.id}>
            {entry.name}
          </option>
        ))}
      </select>
    </label>
  );
}
