import { When } from '../../components/states';
import { useLoad, useSource } from '../../source';
import { LibraryView } from './view';

/** What was found in the folders that are served. */
export function LibraryPage() {
  const source = useSource();
  const library = useLoad((signal) => source.library(signal), [source]);
  return (
    <When of={library} what="Reading the folders">
      {(found) => <LibraryView library={found} again={library.again} />}
    </When>
  );
}
