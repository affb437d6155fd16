import { useMemo } from 'react';
import { Empty, When } from '../../components/states';
import type { Library } from '../../documents';
import { useNavigation } from '../../navigation';
import { useLoad, useSource } from '../../source';
import { HeadsDesk } from './desk';

/** The attention heads of a model, in features of a dictionary. */
export function HeadsPage({ id }: { id: string }) {
  const source = useSource();
  const library = useLoad((signal) => source.library(signal), [source]);
  return (
    <When of={library} what="Reading the folders">
      {(found) => <Chosen id={id} library={found} />}
    </When>
  );
}

function Chosen({ id, library }: { id: string; library: Library }) {
  const { go } = useNavigation();
  const source = useSource();
  const dictionaries = useMemo(
    () => library.entries.filter((entry) => entry.kind === 'dictionary' && !entry.problem),
    [library],
  );
  const chosen = id || dictionaries[0]?.id || '';
  const detail = useLoad(
    (signal) => (chosen ? source.artifact(chosen, signal) : Promise.resolve(undefined)),
    [source, chosen],
  );
  if (!chosen)
    return (
      <Empty
        title="No dictionary is served"
        commands={['microtome train recipe.toml', 'microtome serve FOLDER']}
      >
        Heads are described in features of a dictionary. Train one, or serve a folder that has one.
      </Empty>
    );
  return (
    <When of={detail} what="Opening the dictionary">
      {(dictionary) =>
        dictionary && (
          <HeadsDesk
            key={dictionary.id}
            dictionary={dictionary}
            library={library}
            choose={(next) => go({ page: 'heads', id: next })}
          />
        )
      }
    </When>
  );
}
