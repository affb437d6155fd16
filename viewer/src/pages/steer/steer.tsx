import { useMemo } from 'react';
import { WithDictionary } from '../../components/with-dictionary';
import { useNavigation } from '../../navigation';
import { SteerDesk } from './desk';
import { parseSettings } from './state';
import './steer.css';

/** What a model generates when its features and heads are changed. */
export function SteerPage() {
  const { address } = useNavigation();
  const settings = useMemo(() => parseSettings(address.query), [address]);
  return (
    <WithDictionary
      id={settings.dictionary}
      purpose="Steering changes the features of a dictionary while a model generates."
    >
      {(dictionary, library) => (
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
      )}
    </WithDictionary>
  );
}
