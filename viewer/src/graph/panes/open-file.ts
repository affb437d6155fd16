/** Graphs of other tools: a file that is chosen, or dropped on the page. */

import { useCallback, useEffect } from 'react';
import { useSource } from '../../source';
import type { GraphView } from '../model/document';

const LARGEST = 200 * 2 ** 20;

/** Opens the browser's dialog; files that are dropped on the window are opened too. */
export function useGraphFile(open: (view: GraphView) => void, say: (m: string) => void) {
  const source = useSource();
  const read = useCallback(
    async (file: File) => {
      try {
        say(`Opening ${file.name} …`);
        open(await source.importGraph(await documentOf(file)));
        say('');
      } catch (error) {
        say(error instanceof Error ? error.message : String(error));
      }
    },
    [source, open, say],
  );
  useEffect(() => {
    if (!source.live) return undefined;
    const over = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      const [file] = event.dataTransfer?.files ?? [];
      if (!file) return;
      event.preventDefault();
      void read(file);
    };
    window.addEventListener('dragover', over);
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragover', over);
      window.removeEventListener('drop', drop);
    };
  }, [source.live, read]);
  return useCallback(() => {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = '.json,application/json';
    input.onchange = () => input.files?.[0] && void read(input.files[0]);
    input.click();
  }, [read]);
}

async function documentOf(file: File): Promise<unknown> {
  if (file.size > LARGEST)
    throw new Error(`${file.name} is larger than 200 MB; prune the graph first.`);
  try {
    return JSON.parse(await file.text()) as unknown;
  } catch {
    throw new Error(`${file.name} is not JSON; expected a graph in Neuronpedia’s format.`);
  }
}
