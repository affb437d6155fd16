import { Copy } from '../../components/copy';
import { JsonTree } from '../../components/json-tree';
import { Failed, Loading } from '../../components/states';
import type { Entry, EntryDetail } from '../../documents';
import { titleOf } from '../../entries';
import { Link } from '../../navigation';
import { useShortcut } from '../../shell/shortcuts';
import { useLoad, useSource } from '../../source';
import { reportOf } from './entries';

/** The manifest of an artifact, and what belongs to it. */
export function Details({ entry, close }: { entry: Entry; close: () => void }) {
  const source = useSource();
  const detail = useLoad((signal) => source.artifact(entry.id, signal), [source, entry.id]);
  useShortcut('Escape', 'close the manifest', close);
  return (
    <aside className="card details" aria-label={`Manifest of ${entry.name}`}>
      <header>
        <h2>{titleOf(entry)}</h2>
        <button type="button" className="plain" aria-label="Close" onClick={close}>
          ✕
        </button>
      </header>
      <p className="soft mono">{entry.path}</p>
      {entry.problem && <p className="problem">{entry.problem}</p>}
      {detail.state === 'failed' && <Failed error={detail.error} again={detail.again} />}
      {detail.state === 'loading' && <Loading />}
      {detail.state === 'ready' && <Content detail={detail.value} />}
    </aside>
  );
}

function Content({ detail }: { detail: EntryDetail }) {
  const fingerprints = {
    itself: detail.fingerprint,
    model: detail.model_fingerprint,
    dictionary: detail.dictionary_fingerprint,
  };
  return (
    <>
      <Belonging links={detail.links} report={reportOf(detail)} />
      <dl className="fingerprints">
        {Object.entries(fingerprints).map(
          ([of, text]) =>
            text && (
              <div key={of}>
                <dt>fingerprint, {of}</dt>
                <dd>
                  <code>{text.slice(0, 16)}…</code>
                  <Copy text={text}>Copy</Copy>
                </dd>
              </div>
            ),
        )}
      </dl>
      <h3>Manifest</h3>
      {detail.manifest ? (
        <JsonTree value={detail.manifest} />
      ) : (
        <p className="soft">It has none: another tool made it.</p>
      )}
    </>
  );
}

interface BelongingProps {
  links: EntryDetail['links'];
  report: string | undefined;
}

function Belonging({ links, report }: BelongingProps) {
  const known = Object.entries(links);
  if (known.length === 0 && !report) return null;
  return (
    <ul className="belonging">
      {report && (
        <li>
          <a href={report} target="_blank" rel="noopener">
            Open its report
          </a>
        </li>
      )}
      {known.map(([kind, id]) => (
        <li key={kind}>
          {kind === 'atlas' && <Link to={{ page: 'atlas', id }}>Open its atlas</Link>}
          {kind === 'dictionary' && (
            <Link to={{ page: 'xray', id }}>X-ray a text with its dictionary</Link>
          )}
        </li>
      ))}
    </ul>
  );
}
