import type { KeyboardEvent } from 'react';
import type { Entry } from '../../documents';
import { isBundled, PLURAL, routeOfEntry, titleOf } from '../../entries';
import { bytes, since } from '../../format';
import { Link } from '../../navigation';
import { factsOf, reportOf } from './entries';

interface EntryTableProps {
  entries: Entry[];
  shown: string | undefined;
  show: (entry: Entry) => void;
}

/** One row an artifact; arrow keys move, `i` shows the manifest. */
export function EntryTable({ entries, shown, show }: EntryTableProps) {
  if (entries.length === 0) return <p className="soft none">Nothing here has all these words.</p>;
  return (
    <ul className="entries" onKeyDown={moveFocus}>
      {entries.map((entry) => (
        <li key={entry.id} className={entry.id === shown ? 'shown' : ''}>
          <Row entry={entry} show={() => show(entry)} />
        </li>
      ))}
    </ul>
  );
}

function Row({ entry, show }: { entry: Entry; show: () => void }) {
  const route = routeOfEntry(entry);
  const report = reportOf(entry);
  return (
    <>
      <span className={`kind-mark ${entry.kind}`} title={PLURAL[entry.kind]}>
        {entry.kind}
      </span>
      <div className="entry-text">
        {report ? (
          <a href={report} target="_blank" rel="noopener" className="entry-name">
            {titleOf(entry)}
          </a>
        ) : route ? (
          <Link to={route} className="entry-name">
            {titleOf(entry)}
          </Link>
        ) : (
          <button type="button" className="plain entry-name" onClick={show}>
            {titleOf(entry)}
          </button>
        )}
        {isBundled(entry) && (
          <span className="source-mark" title="Comes with microtome">
            bundled
          </span>
        )}
        <span className="entry-path soft mono">{entry.path !== titleOf(entry) && entry.path}</span>
        {entry.problem ? (
          <span className="problem">
            <b>Cannot be opened.</b> {entry.problem}
          </span>
        ) : (
          <span className="facts soft">
            {factsOf(entry).map(({ name, value }) => (
              <span key={name} title={value}>
                {name} <b>{value}</b>
              </span>
            ))}
          </span>
        )}
      </div>
      <span className="soft small number">
        {since(entry.created)}
        <br />
        {entry.bytes ? bytes(entry.bytes) : ''}
      </span>
      <button
        type="button"
        className="plain small"
        aria-label={`Manifest of ${entry.name}`}
        onClick={show}
      >
        Details
      </button>
    </>
  );
}

/** Up and down go from row to row, to the same place in it. */
function moveFocus(event: KeyboardEvent<HTMLUListElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  const focused = document.activeElement;
  const row = focused?.closest('li');
  if (!step || !row || !event.currentTarget.contains(row)) return;
  const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  const kind = focused?.classList.contains('entry-name') ? '.entry-name' : 'button:last-child';
  next?.querySelector<HTMLElement>(kind)?.focus();
  event.preventDefault();
}
