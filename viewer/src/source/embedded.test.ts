import { describe, expect, it } from 'vitest';
import type { FeaturePage, GraphView } from '../documents';
import { EmbeddedSource } from './embedded';

const graph = { id: '', name: 'a graph' } as GraphView;
const page = { encoder: 3, feature: 127 } as FeaturePage;

describe('a document as a source', () => {
  it('gives the graph and its features', async () => {
    const source = new EmbeddedSource({
      kind: 'graph',
      graph,
      features: { '3/127': page },
      verification: null,
    });
    expect(await source.graph()).toBe(graph);
    expect(await source.verification()).toBe(null);
    expect(await source.feature('', 3, 127)).toBe(page);
    await expect(source.feature('', 3, 128)).rejects.toThrow('Feature 3/128 is not part');
  });

  it('says what needs a server', async () => {
    const source = new EmbeddedSource({ kind: 'feature', page });
    expect(await source.feature('', 3, 127)).toBe(page);
    expect(source.live).toBe(false);
    await expect(source.search()).rejects.toThrow('microtome serve');
    await expect(source.graph()).rejects.toThrow('The graph is not part of this file');
  });
});
