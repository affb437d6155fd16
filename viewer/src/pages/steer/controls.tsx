import { type FormEvent, useRef, useState } from 'react';
import { NoModel, Weights } from '../../components/weights';
import type { Library } from '../../documents';
import { useShortcut } from '../../shell/shortcuts';
import { parsePositions, type Settings, SPANS } from './state';
import { positionWords } from './words';

interface ControlsProps {
  settings: Settings;
  set: (change: Partial<Settings>) => void;
  library: Library;
  again: () => void;
  /** Whether there is all that a run needs. */
  ready: boolean;
}

const MOST_TOKENS = 10_000;

/** Prompt, model, dictionary, and how is generated. */
export function Controls({ settings, set, library, again, ready }: ControlsProps) {
  const [prompt, setPrompt] = useState(settings.prompt);
  const field = useRef<HTMLTextAreaElement>(null);
  useShortcut('/', 'edit the prompt', () => field.current?.focus());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (prompt !== settings.prompt) set({ prompt });
    else if (ready) again();
  };
  return (
    <form className="card steer-controls" aria-label="Text and model" onSubmit={submit}>
      <textarea
        ref={field}
        autoFocus={!settings.prompt}
        aria-label="Prompt"
        placeholder="A prompt to continue …"
        rows={2}
        maxLength={20_000}
        value={prompt}
        onChange={(event) => setPrompt(event.target.value)}
        onBlur={() => prompt !== settings.prompt && set({ prompt })}
        onKeyDown={(event) => event.key === 'Enter' && !event.shiftKey && submit(event)}
      />
      <div className="steer-choices">
        <Weights
          library={library}
          dictionary={settings.dictionary}
          chooseDictionary={(dictionary) => set({ dictionary, model: '', changes: [] })}
          model={settings.model}
          chooseModel={(model) => set({ model })}
        />
        <Positions key={settings.positions} settings={settings} set={set} />
        <NumberField
          name="New tokens"
          value={settings.tokens}
          min={1}
          max={MOST_TOKENS}
          step={1}
          set={(tokens) => set({ tokens })}
        />
        <NumberField
          name="Temperature"
          value={settings.temperature}
          min={0}
          max={100}
          step={0.1}
          set={(temperature) => set({ temperature })}
        />
        <NumberField
          name="Seed"
          value={settings.seed}
          min={0}
          max={2 ** 31}
          step={1}
          set={(seed) => set({ seed })}
        />
        <button type="submit" className="primary" disabled={!prompt.trim() || !settings.model}>
          Generate <kbd>⏎</kbd>
        </button>
      </div>
      <NoModel library={library} need="steering needs one" />
    </form>
  );
}

function Positions({ settings, set }: Pick<ControlsProps, 'settings' | 'set'>) {
  const [text, setText] = useState(settings.positions);
  const own = !SPANS.includes(text);
  const wrong = parsePositions(text) === undefined;
  return (
    <>
      <label className="small soft steer-wide">
        Where
        <select
          value={own ? '' : text}
          onChange={(event) =>
            event.target.value ? set({ positions: event.target.value }) : setText('0')
          }
        >
          {SPANS.map((span) => (
            <option key={span} value={span}>
              {positionWords(span)}
            </option>
          ))}
          <option value="">positions …</option>
        </select>
      </label>
      {own && (
        <label className="small soft steer-wide">
          Positions
          <input
            value={text}
            aria-invalid={wrong}
            title="Counted from 0, or from the prompt's end: 1,4,-1"
            onChange={(event) => setText(event.target.value)}
            onBlur={() => !wrong && set({ positions: text })}
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return;
              event.preventDefault();
              if (!wrong) set({ positions: text });
            }}
          />
          {wrong && <span className="steer-wrong">numbers with commas, such as 1,4</span>}
        </label>
      )}
    </>
  );
}

interface NumberFieldProps {
  name: string;
  value: number;
  min: number;
  max: number;
  step: number;
  set: (value: number) => void;
}

function NumberField({ name, value, min, max, step, set }: NumberFieldProps) {
  return (
    <label className="small soft">
      {name}
      <input
        type="number"
        value={value}
        min={min}
        max={max}
        step={step}
        onChange={(event) => {
          const next = event.target.valueAsNumber;
          if (Number.isFinite(next)) set(Math.min(max, Math.max(min, next)));
        }}
      />
    </label>
  );
}
