import { afterEach, describe, expect, it, vi } from 'vitest';
import { HttpSource } from './http';
import { Conflict, SourceError } from './source';

function answer(status: number, body: unknown) {
  const fetch = vi.fn<(url: string) => Promise<Response>>(() =>
    Promise.resolve(new Response(JSON.stringify(body), { status })),
  );
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

const EDIT = {
  dictionary: 'd',
  encoder: 0,
  feature: 1,
  label: 'mine',
  note: '',
  version: 1,
  author: '',
};

describe('the server as a source', () => {
  const source = new HttpSource('/api');
  afterEach(() => vi.unstubAllGlobals());

  it('is asked at the routes of the contract', async () => {
    const fetch = answer(200, { total: 0, rows: [] });
    await source.features('specimen:adder', { layer: 0, q: '', sort: 'density', limit: 10 });
    await source.search('a/b', { token: ' the' });
    expect(fetch.mock.calls.map(([url]) => url)).toEqual([
      '/api/atlases/specimen%3Aadder/features?layer=0&sort=density&limit=10',
      '/api/atlases/a%2Fb/search?token=+the',
    ]);
  });

  it('says the sentence of an error', async () => {
    answer(404, { detail: 'No atlas has this id.' });
    await expect(source.atlas('x')).rejects.toThrow('No atlas has this id.');
  });

  it('says so where an error has no sentence', async () => {
    answer(500, 'nonsense');
    await expect(source.atlas('x')).rejects.toThrow('The server answered 500');
  });

  it('says that nothing answers', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')));
    await expect(source.library()).rejects.toBeInstanceOf(SourceError);
    await expect(source.library()).rejects.toThrow('microtome serve');
  });

  it('hands over the annotation that came first', async () => {
    const current = { ...EDIT, label: 'theirs', version: 2, updated: '2026-01-01' };
    answer(409, { detail: 'edited meanwhile', current });
    const refused = await source.annotate(EDIT).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Conflict);
    expect((refused as Conflict).current).toEqual(current);
  });
});
