import { type KeyboardEvent, useDeferredValue, useId, useState } from 'react';
import { FeatureName } from '../../components/label';
import type { AtlasInfo, FeatureRow } from '../../documents';
import { useLoad, useSource } from '../../source';
import { keyOf, type Target } from './change';
import { targetWords } from './words';

interface AddChangeProps {
  atlas: string;
  info: AtlasInfo | undefined;
  add: (target: Target) => void;
}

interface Found {
  target: Target;
  row: Pick<FeatureRow, 'name' | 'label'>;
}

const SHOWN = 8;

/** Finds a feature by words of its label or by its name, and a head by its name. */
export function AddChange({ atlas, info, add }: AddChangeProps) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const list = useId();
  const { found, searching } = useFound(atlas, info, text);
  const chosen = Math.min(at, found.length - 1);
  const take = (one: Found | undefined) => {
    if (!one) return;
    add(one.target);
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
        aria-label="Add a feature or a head"
        placeholder={`Add: ${atlas ? 'a label, ' : 'feature '}2/138, head 0.1`}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={keyed}
      />
      <ul id={list} role="listbox" aria-label="Found" hidden={!open}>
        {found.map((one, i) => (
          <li
            key={keyOf(one.target)}
            id={`${list}-${i}`}
            role="option"
            aria-selected={i === chosen}
            onClick={() => take(one)}
            onMouseEnter={() => setAt(i)}
          >
            <FeatureName row={one.row} />
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
    ? 'No label has these words. Features and heads have names too: 2/138, 0.1.'
    : 'No atlas of this dictionary is served; name a feature, 2/138, or a head, 0.1.';
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
  const labelled = words && 'value' in rows ? (rows.value ?? []) : [];
  const found: Found[] = named
    ? [named]
    : labelled.map((row) => ({ target: featureOf(row.encoder, row.feature), row }));
  return { found, searching: rows.state === 'loading' };
}

function featureOf(encoder: number, feature: number): Target {
  return { kind: 'features', features: [[encoder, feature]] };
}

/** 2/138, or L2/138 by the layer that an encoder reads; 0.1 is a head. */
function nameOf(text: string, info: AtlasInfo | undefined): Found | undefined {
  const [, inLayer, head] = /^(?:h|head )?(\d+)\.(\d+)$/i.exec(text) ?? [];
  if (head !== undefined) {
    const target: Target = { kind: 'head', layer: Number(inLayer), head: Number(head) };
    return { target, row: { name: targetWords(target), label: 'this attention head' } };
  }
  const match = /^(L?)(\d+)\/(\d+)$/i.exec(text);
  if (!match) return undefined;
  const [, byLayer, group, feature] = match;
  const at = info?.content.encoders.findIndex((one) => one.layer === Number(group)) ?? -1;
  const encoder = byLayer && at >= 0 ? at : Number(group);
  return {
    target: featureOf(encoder, Number(feature)),
    row: { name: text, label: 'this feature' },
  };
}
