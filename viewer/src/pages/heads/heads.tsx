import { WithDictionary } from '../../components/with-dictionary';
import { useNavigation } from '../../navigation';
import { HeadsDesk } from './desk';

/** The attention heads of a model, in features of a dictionary. */
export function HeadsPage({ id }: { id: string }) {
  const { go } = useNavigation();
  return (
    <WithDictionary id={id} purpose="Heads are described in features of a dictionary.">
      {(dictionary, library) => (
        <HeadsDesk
          key={dictionary.id}
          dictionary={dictionary}
          library={library}
          choose={(next) => go({ page: 'heads', id: next })}
        />
      )}
    </WithDictionary>
  );
}
