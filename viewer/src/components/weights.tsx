import type { Entry, EntryKind, Library } from '../documents';
import './weights.css';

/** Entries of a kind that can be opened. */
export function usable(library: Library, kind: EntryKind): Entry[] {
  return library.entries.filter((entry) => entry.kind === kind && !entry.problem);
}

interface WeightsProps {
  library: Library;
  dictionary: string;
  chooseDictionary: (id: string) => void;
  /** Empty where none is chosen. */
  model: string;
  chooseModel: (id: string) => void;
}

/** The dictionary and the model of a page. */
export function Weights(props: WeightsProps) {
  const { library, dictionary, chooseDictionary, model, chooseModel } = props;
  return (
    <>
      <Choice
        name="Dictionary"
        value={dictionary}
        options={usable(library, 'dictionary')}
        choose={chooseDictionary}
      />
      <Choice name="Model" value={model} options={usable(library, 'model')} choose={chooseModel} />
    </>
  );
}

interface ChoiceProps {
  name: string;
  value: string;
  options: Pick<Entry, 'id' | 'name'>[];
  choose: (id: string) => void;
}

function Choice({ name, value, options, choose }: ChoiceProps) {
  return (
    <label className="small soft weights-choice">
      {name}
      <select value={value} onChange={(event) => choose(event.target.value)}>
        {!options.some(({ id }) => id === value) && <option value={value}>choose one</option>}
        {options.map((one) => (
          <option key={one.id} value={one.id}>
            {one.name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What to do where no model is served; `need` says what needs one. */
export function NoModel({ library, need }: { library: Library; need: string }) {
  if (usable(library, 'model').length > 0) return null;
  return (
    <p className="problem">No model is served, and {need}: add its folder to `microtome serve`.</p>
  );
}
