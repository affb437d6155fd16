import type { ReactNode } from 'react';
import type { EntryDetail, Library } from '../documents';
import { useLoad, useSource } from '../source';
import { Empty, When } from './states';
import { usable } from './weights';

interface WithDictionaryProps {
  /** Empty for the first of the library. */
  id: string;
  /** Why the page needs a dictionary: a sentence. */
  purpose: string;
  children: (dictionary: EntryDetail, library: Library) => ReactNode;
}

/** A page on one dictionary, or what to do where none is served. */
export function WithDictionary(props: WithDictionaryProps) {
  const source = useSource();
  const library = useLoad((signal) => source.library(signal), [source]);
  return (
    <When of={library} what="Reading the folders">
      {(found) => <Opened {...props} library={found} />}
    </When>
  );
}

function Opened({ id, purpose, children, library }: WithDictionaryProps & { library: Library }) {
  const source = useSource();
  const chosen = id || usable(library, 'dictionary')[0]?.id || '';
  const detail = useLoad(
    (signal) => (chosen ? source.artifact(chosen, signal) : Promise.resolve(undefined)),
    [source, chosen],
  );
  if (!chosen) {
    return (
      <Empty
        title="No dictionary is served"
        commands={['microtome train recipe.toml', 'microtome serve FOLDER']}
      >
        {purpose} Train one, or serve a folder that has one.
      </Empty>
    );
  }
  return (
    <When of={detail} what="Opening the dictionary">
      {(dictionary) => dictionary && children(dictionary, library)}
    </When>
  );
}
