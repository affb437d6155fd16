import { type KeyboardEvent, useDeferredValue, useEffect, useId, useState } from 'react';
import { Dialog } from '../components/dialog';
import type { Entry, FeatureRow } from '../documents';
import { promptOf, routeOfEntry, titleOf } from '../entries';
import { useNavigation } from '../navigation';
import type { Route } from '../router';
import { useLoad, useSource } from '../source';

interface Found {
  key: string;
  text: string;
  detail: string;
  route: Route;
}

const SHOWN = 40;

/** Finds pages by name: what the library has, and features of the atlases by label. */
export function Palette({ close }: { close: () => void }) {
  const { go } = useNavigation();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const { found, searching } = useFound(text);
  const list = useId();
  useEffect(() => setAt(0), [found.length, text]);
  const open = (item: Found | undefined) => {
    if (!item) return;
    close();
    go(item.route);
  };
  const keyed = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((i) => Math.max(0, Math.min(found.length - 1, i + step)));
    else if (event.key === 'Enter') open(found[at]);
    else if (event.key === 'Escape')
      close(); // the field would only be emptied
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Find" close={close} className="palette">
      <input
        type="search"
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={found[at] ? `${list}-${at}` : undefined}
        aria-label="Find a page or a feature"
        placeholder="A name, a prompt, a label, or L3/127"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={keyed}
      />
      <ul id={list} role="listbox" aria-label="Found">
        {found.map((item, i) => (
          <li
            key={item.key}
            id={`${list}-${i}`}
            role="option"
            aria-selected={i === at}
            onClick={() => open(item)}
            onMouseEnter={() => setAt(i)}
          >
            <span>{item.text}</span>
            <span className="soft small">{item.detail}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && (
        <p className="soft" role="status">
          {searching ? 'Searching …' : 'Nothing has this name.'}
        </p>
      )}
    </Dialog>
  );
}

function useFound(text: string): { found: Found[]; searching: boolean } {
  const source = useSource();
  const wanted = useDeferredValue(text.trim());
  const library = useLoad((signal) => source.library(signal), [source]);
  const entries = library.state === 'ready' ? library.value.entries : [];
  const atlases = entries.filter((entry) => entry.kind === 'atlas' && !entry.problem);
  const features = useLoad(
    (signal) =>
      featuresOf(wanted, atlases, (id, label) => source.search(id, { label, limit: 12 }, signal)),
    [source, wanted, atlases.map((a) => a.id).join()],
  );
  const pages = entries.filter((entry) => matches(entry, wanted)).flatMap(foundEntry);
  const searching =
    text.trim() !== wanted || [library, features].some((l) => l.state === 'loading');
  const found = [...pages, ...(features.state === 'ready' ? features.value : [])];
  return { found: found.slice(0, SHOWN), searching };
}

async function featuresOf(
  wanted: string,
  atlases: Entry[],
  search: (id: string, label: string) => Promise<{ rows: FeatureRow[] }>,
): Promise<Found[]> {
  if (wanted.length < 2) return [];
  const named = /^L?(\d+)\/(\d+)$/.exec(wanted);
  if (named) {
    const [encoder, feature] = [Number(named[1]), Number(named[2])];
    return atlases.map((atlas) =>
      foundFeature(atlas, { name: wanted, label: '', encoder, feature }),
    );
  }
  const lists = await Promise.all(
    atlases.map(async (atlas) => {
      const { rows } = await search(atlas.id, wanted);
      return rows.map((row) => foundFeature(atlas, row));
    }),
  );
  return lists.flat();
}

function matches(entry: Entry, wanted: string): boolean {
  const text = `${entry.kind} ${entry.name} ${entry.path} ${promptOf(entry)}`.toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function foundEntry(entry: Entry): Found[] {
  const route = routeOfEntry(entry);
  const detail = promptOf(entry) ? `${entry.kind} ${entry.name}` : entry.kind;
  return route ? [{ key: entry.id, text: titleOf(entry), detail, route }] : [];
}

type Named = Pick<FeatureRow, 'name' | 'label' | 'encoder' | 'feature'>;

function foundFeature(atlas: Entry, row: Named): Found {
  const { encoder, feature } = row;
  return {
    key: `${atlas.id}/${encoder}/${feature}`,
    text: `${row.name} ${row.label}`.trim(),
    detail: `feature of ${atlas.name}`,
    route: { page: 'feature', id: atlas.id, encoder, feature },
  };
}
