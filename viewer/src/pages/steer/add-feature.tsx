import { type KeyboardEvent, useDeferredValue, useId, useState } from 'react';
import { FeatureName } from '../../components/label';
import type { AtlasInfo, FeatureRow } from '../../documents';
import { useLoad, useSource } from '../../source';

interface AddFeatureProps {
  atlas: string;
  info: AtlasInfo | undefined;
  add: (encoder: number, feature: number) => void;
}

type Found = Pick<FeatureRow, 'encoder' | 'feature' | 'name' | 'label'>;

const SHOWN = 8;

/** Finds a feature by words of its label, or by its name. */
export function AddFeature({ atlas, info, add }: AddFeatureProps) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const list = useId();
  const { found, searching } = useFound(atlas, info, text);
  const chosen = Math.min(at, found.length - 1);
  const take = (one: Found | undefined) => {
    if (!one) return;
    add(one.encoder, one.feature);
    setText('');
    setAt(0);
  };
  const keyed = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt(Math.max(0, Math.min(found.length - 1, chosen + step)));
    else if (event.key === 'Enter') take(found[chosen]);
    else if (event.key === 'Escape' && text) setText('');
    else return;
    event.preventDefault();
  };
  const open = text.trim() !== '';
  return (
    <div className="steer-add">
      <input
        type="search"
        role="combobox"
        aria-expanded={open}
        aria-controls={list}
        aria-activedescendant={open && found[chosen] ? `${list}-${chosen}` : undefined}
        aria-label="Add a feature"
        placeholder={atlas ? 'Add: words of a label, or 2/138' : 'Add: 2/138'}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={keyed}
      />
      <ul id={list} role="listbox" aria-label="Features found" hidden={!open}>
        {found.map((one, i) => (
          <li
            key={`${one.encoder}/${one.feature}`}
            id={`${list}-${i}`}
            role="option"
            aria-selected={i === chosen}
            onClick={() => take(one)}
            onMouseEnter={() => setAt(i)}
          >
            <FeatureName row={one} />
          </li>
        ))}
        {open && found.length === 0 && (
          <li className="soft small" role="status">
            {searching ? 'Searching …' : missing(atlas)}
          </li>
        )}
      </ul>
    </div>
  );
}

function missing(atlas: string): string {
  return atlas
    ? 'No label has these words; a feature can be named too: 2/138.'
    : 'No atlas of this dictionary is served, so name the feature: 2/138.';
}

function useFound(atlas: string, info: AtlasInfo | undefined, text: string) {
  const source = useSource();
  const wanted = useDeferredValue(text.trim());
  const named = nameOf(wanted, info);
  const words = named === undefined ? wanted : '';
  const rows = useLoad(
    async (signal) =>
      atlas && words
        ? (await source.search(atlas, { label: words, limit: SHOWN }, signal)).rows
        : [],
    [source, atlas, words],
  );
  const found: Found[] = named ? [named] : words && 'value' in rows ? (rows.value ?? []) : [];
  return { found, searching: rows.state === 'loading' };
}

/** 2/138, or L2/138 by the layer that an encoder reads. */
function nameOf(text: string, info: AtlasInfo | undefined): Found | undefined {
  const match = /^(L?)(\d+)\/(\d+)$/i.exec(text);
  if (!match) return undefined;
  const [, byLayer, group, feature] = match;
  const at = info?.content.encoders.findIndex((one) => one.layer === Number(group)) ?? -1;
  const encoder = byLayer && at >= 0 ? at : Number(group);
  return { encoder, feature: Number(feature), name: text, label: 'this feature' };
}
