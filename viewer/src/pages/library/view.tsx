import { useRef, useState } from 'react';
import { Empty } from '../../components/states';
import type { Entry, EntryKind, Library } from '../../documents';
import { KINDS, PLURAL } from '../../entries';
import { useParameter } from '../../navigation';
import { useShortcut } from '../../shell/shortcuts';
import { Details } from './details';
import { EntryTable } from './table';
import { selected, type Sorting } from './entries';
import './library.css';

interface LibraryViewProps {
  library: Library;
  again: () => void;
}

export function LibraryView({ library, again }: LibraryViewProps) {
  const [kind, setKind] = useParameter('kind');
  const [filter, setFilter] = useParameter('find');
  const [sorting, setSorting] = useParameter('sort', 'created');
  const [shown, setShown] = useState<Entry>();
  const field = useRef<HTMLInputElement>(null);
  useShortcut('/', 'filter the library', () => field.current?.focus());
  useShortcut('r', 'read the folders again', again);
  const entries = selected(library.entries, kind as EntryKind | '', filter, sorting as Sorting);
  return (
    <div className={`page library ${shown ? 'with-details' : ''}`}>
      <div className="library-list">
        <div className="page-head">
          <h1>Library</h1>
          <span className="soft">{library.folders.join(' · ')}</span>
        </div>
        <div className="controls">
          <Kinds entries={library.entries} chosen={kind} choose={setKind} />
          <input
            ref={field}
            type="search"
            aria-label="Filter"
            placeholder="Filter by name, prompt, model …   /"
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
          <label className="small soft">
            Sort by{' '}
            <select value={sorting} onChange={(event) => setSorting(event.target.value)}>
              <option value="created">newest</option>
              <option value="name">name</option>
              <option value="bytes">size</option>
            </select>
          </label>
        </div>
        <EntryTable entries={entries} shown={shown?.id} show={setShown} />
        {!library.entries.some((entry) => entry.kind === 'graph') && (
          <FirstSteps folders={library.folders} />
        )}
      </div>
      {shown && <Details entry={shown} close={() => setShown(undefined)} />}
    </div>
  );
}

interface KindsProps {
  entries: Entry[];
  chosen: string;
  choose: (kind: string) => void;
}

function Kinds({ entries, chosen, choose }: KindsProps) {
  const present = KINDS.filter((kind) => entries.some((entry) => entry.kind === kind));
  return (
    <div className="kinds" role="group" aria-label="Kind">
      <button type="button" aria-pressed={chosen === ''} onClick={() => choose('')}>
        all <span className="soft">{entries.length}</span>
      </button>
      {present.map((kind) => (
        <button
          key={kind}
          type="button"
          aria-pressed={chosen === kind}
          onClick={() => choose(kind)}
        >
          {PLURAL[kind]}{' '}
          <span className="soft">{entries.filter((entry) => entry.kind === kind).length}</span>
        </button>
      ))}
    </div>
  );
}

const FIRST_STEPS = [
  'microtome trace specimen:adder "36 + 59 =" --dictionary specimen:adder --out FOLDER/sum',
  'microtome atlas build DICTIONARY --model MODEL --corpus TEXTS --out FOLDER/atlas',
  'microtome train RECIPE --out FOLDER/run',
];

/** What to do first, as long as there is nothing but what microtome brings along. */
function FirstSteps({ folders }: { folders: string[] }) {
  const [folder = '.'] = folders;
  return (
    <Empty
      title="No graph yet"
      commands={FIRST_STEPS.map((command) => command.replace('FOLDER', folder))}
    >
      These commands make a graph, an atlas and a run; each appears here as soon as it is there.
    </Empty>
  );
}
