/** Share, save, export, trace anew, open, compare. */

import { type RefObject, useState } from 'react';
import { Dialog } from '../../components/dialog';
import type { Entry } from '../../documents';
import { useNavigation } from '../../navigation';
import { useLoad, useSource } from '../../source';
import type { Decoration } from '../draw/content';
import type { GraphView } from '../model/document';
import { permalink } from '../state/address';
import type { Circuit } from '../state/circuit';
import type { Session } from '../state/session';
import type { Tests } from '../verify/use-tests';
import type { DrawingHandle } from './drawing';
import { useExports } from './exports';
import { Menu } from './header';
import { useGraphFile } from './open-file';
import { TraceDialog } from './prompt-bar';

interface ActionsProps {
  session: Session;
  decoration: Decoration;
  drawing: RefObject<DrawingHandle | null>;
  tests: Tests;
  circuit: Circuit;
  say: (message: string) => void;
  open: (view: GraphView) => void;
}

export function Actions({ session, decoration, drawing, tests, circuit, say, open }: ActionsProps) {
  const source = useSource();
  const [dialog, setDialog] = useState<'trace' | 'compare' | null>(null);
  const { view, state, act, canUndo, canRedo } = session;
  const choose = useGraphFile(open, say);
  const tell = (work: Promise<string>) => {
    work.then(say, (error: unknown) => say(error instanceof Error ? error.message : String(error)));
  };
  const share = async () => {
    await navigator.clipboard.writeText(await permalink(state));
    return 'Link copied; it holds all that you see.';
  };
  const save = async () => {
    await source.saveState(view.id, state);
    return 'Saved with the graph.';
  };
  const exports = useExports(session, decoration, drawing, tests, circuit).map(
    ({ text, title, run }) => ({
      text,
      ...(title ? { title } : {}),
      run: () => tell(run()),
    }),
  );
  return (
    <>
      <span className="undo-redo">
        <button
          type="button"
          aria-label="Undo"
          title="Undo (Ctrl Z)"
          disabled={!canUndo}
          onClick={() => act({ do: 'undo' })}
        >
          ↶
        </button>
        <button
          type="button"
          aria-label="Redo"
          title="Redo (Ctrl Shift Z)"
          disabled={!canRedo}
          onClick={() => act({ do: 'redo' })}
        >
          ↷
        </button>
      </span>
      {source.live && (
        <button type="button" onClick={() => setDialog('trace')}>
          New trace
        </button>
      )}
      {source.live && view.id && (
        <button type="button" onClick={() => setDialog('compare')}>
          Compare
        </button>
      )}
      {source.live && (
        <button type="button" title="A graph in Neuronpedia’s JSON format" onClick={choose}>
          Open file
        </button>
      )}
      <Menu label="Export" items={exports} />
      {view.id && (
        <button type="button" onClick={() => tell(share())}>
          Copy link
        </button>
      )}
      {source.live && view.id && (
        <button type="button" className="primary" onClick={() => tell(save())}>
          Save
        </button>
      )}
      {dialog === 'trace' && <TraceDialog view={view} close={() => setDialog(null)} />}
      {dialog === 'compare' && <CompareDialog id={view.id} close={() => setDialog(null)} />}
    </>
  );
}

/** The graph to put beside this one. */
function CompareDialog({ id, close }: { id: string; close: () => void }) {
  const source = useSource();
  const { go } = useNavigation();
  const library = useLoad((signal) => source.library(signal), [source]);
  const entries = library.state === 'failed' ? [] : (library.value?.entries ?? []);
  const others = entries.filter((e) => e.kind === 'graph' && e.id !== id && !e.problem);
  return (
    <Dialog title="Compare with" close={close}>
      {library.state === 'failed' && <p role="alert">{library.error.message}</p>}
      {library.state === 'ready' && !others.length && (
        <p>
          No other graph is served; trace one, or add its folder to <code>microtome serve</code>.
        </p>
      )}
      <ul className="compare-list">
        {others.map((entry: Entry) => (
          <li key={entry.id}>
            <button
              type="button"
              className="plain"
              onClick={() => {
                close();
                go({ page: 'compare', id, other: entry.id });
              }}
            >
              {entry.name} <span className="soft small">{entry.path}</span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
