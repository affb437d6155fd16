import { When } from '../../components/states';
import type { Revision } from '../../documents';
import { since } from '../../format';
import { type FeatureKey, useLoad, useSource } from '../../source';
import { Stars } from './stars';

/** Every edit, the latest first. */
export function History({ of, version }: { of: FeatureKey; version: number }) {
  const source = useSource();
  const { dictionary, encoder, feature } = of;
  const revisions = useLoad(
    (signal) => source.history({ dictionary, encoder, feature }, signal),
    [source, dictionary, encoder, feature, version],
  );
  return (
    <When of={revisions}>
      {(list) => (
        <ol className="history">
          {list
            .toSorted((a, b) => b.version - a.version)
            .map((revision) => (
              <li key={revision.version}>
                <Edit revision={revision} />
              </li>
            ))}
        </ol>
      )}
    </When>
  );
}

function Edit({ revision }: { revision: Revision }) {
  const { label, note, rating, author, updated, version } = revision;
  return (
    <>
      <p>
        {label || <span className="soft">No label</span>} {rating && <Stars value={rating} />}
      </p>
      {note && <p className="note small">{note}</p>}
      <p className="small soft" title={updated}>
        edit {version}, {author || 'somebody'}, {since(updated)}
      </p>
    </>
  );
}
