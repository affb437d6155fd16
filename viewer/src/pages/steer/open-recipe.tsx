import { useEffect, useRef, useState } from 'react';
import { useSource } from '../../source';
import { settingsOf } from './recipe';
import type { Settings } from './state';

/** Takes a recipe from a file that is chosen, or dropped anywhere on the page. */
export function OpenRecipe({ opened }: { opened: (settings: Partial<Settings>) => void }) {
  const source = useSource();
  const field = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState('');
  // of the last file; the page may be left meanwhile
  const reading = useRef<AbortController>(undefined);
  useEffect(() => () => reading.current?.abort(), []);
  const open = (file: File | undefined) => {
    if (!file) return;
    reading.current?.abort();
    const { signal } = (reading.current = new AbortController());
    setSaid('');
    const read = async () => {
      const settings = settingsOf(await source.openRecipe(await objectIn(file)));
      if (!signal.aborted) opened(settings);
    };
    read().catch((error: unknown) => {
      if (!signal.aborted)
        setSaid(`${file.name}: ${error instanceof Error ? error.message : String(error)}`);
    });
  };
  const dragged = useDrop(open);
  return (
    <>
      <button type="button" onClick={() => field.current?.click()}>
        Open recipe
      </button>
      <input
        ref={field}
        type="file"
        hidden
        aria-label="Recipe file"
        accept=".json,application/json"
        onChange={(event) => {
          open(event.target.files?.[0]);
          event.target.value = ''; // the same file may be chosen again
        }}
      />
      {said && (
        <p className="steer-wrong steer-open-wrong small" role="alert">
          {said}
        </p>
      )}
      {dragged && <div className="steer-drop">Drop a recipe to open it</div>}
    </>
  );
}

/** Whether a file is held over the page; hands on the one that is let go. */
function useDrop(dropped: (file: File | undefined) => void): boolean {
  const [over, setOver] = useState(false);
  const latest = useRef(dropped);
  useEffect(() => {
    latest.current = dropped;
  });
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const dragover = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      setOver(true);
    };
    const left = (event: DragEvent) => event.relatedTarget === null && setOver(false);
    const drop = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      setOver(false);
      latest.current(event.dataTransfer.files[0]);
    };
    document.addEventListener('dragover', dragover, { signal });
    document.addEventListener('dragleave', left, { signal });
    document.addEventListener('drop', drop, { signal });
    return () => stop.abort();
  }, []);
  return over;
}

async function objectIn(file: File): Promise<object> {
  let value: unknown;
  try {
    value = JSON.parse(await file.text());
  } catch {
    throw new Error(
      'this is no JSON; a recipe is what Save recipe or `microtome steer --save` writes',
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new Error('this is no recipe: it holds no JSON object');
}
