import type { Annotation } from '../../documents';
import { since } from '../../format';
import { Stars } from './stars';

/** The edit that came first, above the reader's own. */
export function ConflictView({ theirs }: { theirs: Annotation | null }) {
  return (
    <div className="conflict" role="alert">
      <p>
        <b>
          {theirs
            ? `${theirs.author || 'Somebody'} saved another text ${since(theirs.updated)}, while you wrote.`
            : 'Somebody deleted this while you wrote.'}
        </b>{' '}
        Nothing is lost: yours is below. Save it to replace theirs (the history keeps both), merge
        them, or keep theirs.
      </p>
      {theirs && (
        <blockquote>
          <b>{theirs.label || 'No label'}</b> {theirs.rating && <Stars value={theirs.rating} />}
          {theirs.note && <p className="note">{theirs.note}</p>}
        </blockquote>
      )}
    </div>
  );
}
