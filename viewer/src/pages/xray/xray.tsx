import { WithDictionary } from '../../components/with-dictionary';
import { useNavigation } from '../../navigation';
import { XRayDesk } from './desk';

/** The features on every token of a text. */
export function XRayPage({ id }: { id: string }) {
  const { go, address } = useNavigation();
  return (
    <WithDictionary id={id} purpose="An X-ray shows the features of a dictionary on a text.">
      {(dictionary, library) => (
        <XRayDesk
          key={dictionary.id}
          dictionary={dictionary}
          library={library}
          choose={(next) => go({ page: 'xray', id: next }, { text: address.query.get('text') })}
        />
      )}
    </WithDictionary>
  );
}
