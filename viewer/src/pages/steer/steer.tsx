import { useMemo } from 'react';
import { Empty, When } from '../../components/states';
import type { Library } from '../../documents';
import { useNavigation } from '../../navigation';
import { useLoad, useSource } from '../../source';
import { SteerDesk } from './desk';
import { parseSettings } from './state';
import './steer.css';

/** What a model generates when its features are changed. */
export function SteerPage() {
  const source = useSource();
  const library = useLoad((signal) => source.library(signal), [source]);
  return (
    <When of={library} what="Reading the folders">
      {(found) => <Chosen library={found} />}
    </When>
  );
}

function Chosen({ library }: { library: Library }) {
  const { address } = useNavigation();
  const source = useSource();
  const settings = useMemo(() => parseSettings(address.query), [address]);
  const first = library.entries.find((entry) => entry.kind === 'dictionary' && !entry.problem);
  const chosen = settings.dictionary || first?.id || '';
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
        Steering changes the features of a dictionary while a model generates. Train one, or serve a
        folder that has one.
      </Empty>
    );
  }
  return (
    <When of={detail} what="Opening the dictionary">
      {(dictionary) =>
        dictionary && (
          <SteerDesk
            key={dictionary.id}
            dictionary={dictionary}
            library={library}
            settings={{
              ...settings,
              dictionary: dictionary.id,
              model: settings.model || dictionary.links.model || '',
            }}
          />
        )
      }
    </When>
  );
}
