/** The entries of the export menu: each says what it wrote. */

import type { RefObject } from 'react';
import { useSource } from '../../source';
import { useColours } from '../../theme/theme';
import type { Decoration } from '../draw/content';
import { paletteOf } from '../draw/palette';
import { worldOf } from '../draw/world';
import { download, pngOf } from '../export/files';
import { neuronpedia, slugOf } from '../export/neuronpedia';
import { pictureOf } from '../export/picture';
import type { Circuit } from '../state/circuit';
import type { Session } from '../state/session';
import type { Tests } from '../verify/use-tests';
import type { DrawingHandle } from './drawing';

interface Export {
  text: string;
  title?: string;
  /** What was written, in a sentence. */
  run: () => Promise<string>;
}

export function useExports(
  session: Session,
  decoration: Decoration,
  drawing: RefObject<DrawingHandle | null>,
  tests: Tests,
  circuit: Circuit,
): Export[] {
  const source = useSource();
  const colours = useColours();
  const { view, state, model, pruned, content } = session;
  const name = slugOf(view.name);
  const served = source.live && view.id !== '';
  const picture = () => {
    const pane = drawing.current?.scene()?.pane;
    if (!pane || !colours) throw new Error('Nothing is drawn yet.');
    const world = worldOf(content.layout, pane.size);
    const seen = { content, decoration, world, camera: pane.camera, palette: paletteOf(colours) };
    const count = (n: number, of: number) =>
      `${n.toLocaleString('en')} of ${of.toLocaleString('en')}`;
    const nodes = count(pruned.nNodes, view.nodes.id.length);
    const edges = count(pruned.nEdges, view.edges.source.length);
    return pictureOf(seen, { ...circuit, state, tests }, `${nodes} nodes, ${edges} edges`);
  };
  const save = (ending: string, blob: Blob, what = '') => {
    download(`${name}.${ending}`, blob);
    return `${name}.${ending} saved${what}.`;
  };
  const page: Export = {
    text: 'HTML page',
    title: 'The graph with all that you see, its features and the viewer: one file, no server',
    run: async () => {
      const blob = await source.graphPage(view.id, state);
      return save('html', blob, `, ${(blob.size / 1e6).toFixed(1)} MB`);
    },
  };
  return [
    {
      text: 'PNG picture',
      title: 'The graph as it is drawn, with a title and a key, and your circuit below it',
      run: async () => {
        const { text, width, height } = picture();
        return save('png', await pngOf(text, width, height));
      },
    },
    {
      text: 'SVG drawing',
      title: 'The same in lines and letters',
      run: async () => save('svg', new Blob([picture().text], { type: 'image/svg+xml' })),
    },
    ...(served ? [page] : []),
    {
      text: 'Neuronpedia JSON',
      title: 'The kept nodes and edges, pins and supernodes, for Neuronpedia and other viewers',
      run: async () => {
        const made = served
          ? await source.neuronpedia(view.id, state)
          : neuronpedia(model, pruned, state);
        const blob = new Blob([JSON.stringify(made)], { type: 'application/json' });
        return save('json', blob, `: ${wordsOf(made, pruned.nEdges)}`);
      },
    },
  ];
}

/** What is in a document, and what the format has no place for. */
function wordsOf(made: Record<string, unknown>, nEdges: number): string {
  const length = (part: unknown) => (Array.isArray(part) ? part.length : 0);
  const edges = length(made.links);
  const n = (value: number) => value.toLocaleString('en');
  const lost = nEdges - edges;
  const rest = lost > 0 ? `; the format has no place for bias and its ${n(lost)} edges` : '';
  return `${n(length(made.nodes))} nodes, ${n(edges)} edges${rest}`;
}
