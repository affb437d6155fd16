import { describe, expect, it } from 'vitest';
import type { Intervention, OpenedRecipe } from '../../documents';
import { parseAddress, href } from '../../router';
import { interventionsOf, settingsOf } from './recipe';
import { parseSettings, type Settings, writeSettings } from './state';
import { interventionWords } from './words';

type Part = Partial<Intervention> & Pick<Intervention, 'what' | 'how'>;

function change(part: Part): Intervention {
  return { value: null, positions: 'all', source: null, ...part };
}

const FEATURE = change({ what: { kind: 'features', features: [[2, 5]] }, how: 'add', value: 30 });
const GROUP = change({
  what: {
    kind: 'features',
    features: [
      [1, 3],
      [1, 7],
    ],
  },
  how: 'ablate',
});
const HEAD = change({ what: { kind: 'head', layer: 0, head: 1 }, how: 'scale', value: 0.5 });
const DIRECTION = change({
  what: { kind: 'direction', site: 'blocks.1.resid.post', vector: [0.1, -1e-7, 3] },
  how: 'add',
  value: 2.5,
  positions: 'generated',
});
const SITE = change({ what: { kind: 'site', site: 'blocks.0.mlp.out' }, how: 'ablate' });
const PATCH = change({
  what: { kind: 'head', layer: 1, head: 2 },
  how: 'patch',
  positions: [1, -1],
  source: '7 + 8 =',
});

function opened(interventions: Intervention[], seed = 0): OpenedRecipe {
  return {
    recipe: {
      format: 'microtome steering',
      version: 1,
      model: { name: 'm', fingerprint: 'f' },
      dictionary: null,
      interventions,
      generation: { max_new_tokens: 7, temperature: 0.25, seed },
      notes: 'why',
    },
    model: 'model-id',
    dictionary: '',
  };
}

/** What the page has of a recipe when it has gone through the address. */
function shown(recipe: OpenedRecipe): Settings {
  const query = writeSettings({ dictionary: 'd', ...settingsOf(recipe) });
  return parseSettings(parseAddress(href({ page: 'steer' }, query)).query);
}

describe('a recipe that is opened', () => {
  it.each([
    ['all kinds of changes', [PATCH, FEATURE, DIRECTION, GROUP, HEAD, SITE]],
    ['one where all', [FEATURE, HEAD].map((one) => ({ ...one, positions: [1, -1] }))],
    ['different positions', [FEATURE, { ...HEAD, positions: 'last' as const }, FEATURE]],
    ['nothing', []],
  ])('is written as it was: %s', (_, interventions: Intervention[]) => {
    expect(interventionsOf(shown(opened(interventions)))).toEqual(interventions);
  });

  it('sets how is generated, the model and the notes', () => {
    expect(shown(opened([], 5))).toMatchObject({
      model: 'model-id',
      dictionary: 'd',
      tokens: 7,
      temperature: 0.25,
      seed: 5,
      notes: 'why',
    });
  });

  it('has the positions that all sliders share as those of the page', () => {
    const settings = shown(opened([{ ...FEATURE, positions: 'last' }, DIRECTION]));
    expect(settings.positions).toBe('last');
    expect(settings.changes[0]).toMatchObject({ positions: '' });
  });

  it('leaves out what is switched off, and only that', () => {
    const settings = shown(opened([FEATURE, DIRECTION, HEAD]));
    const without = (off: number[]) =>
      interventionsOf({
        ...settings,
        changes: settings.changes.map((one, i) => ({ ...one, off: off.includes(i) })),
      });
    expect(without([1])).toEqual([FEATURE, HEAD]);
    expect(without([0, 1, 2])).toEqual([]);
  });

  it('is refused where a browser would round its seed', () => {
    expect(() => settingsOf(opened([], 2 ** 60))).toThrow('seed');
  });
});

describe('changes without a slider', () => {
  it('are in the address by a key alone, which nobody else knows', () => {
    const settings = parseSettings(new URLSearchParams({ changes: '#unknown,2/5+30' }));
    expect(settings.changes).toHaveLength(2);
    expect(interventionsOf(settings)).toEqual([FEATURE]);
  });

  it('are said in words', () => {
    expect([DIRECTION, SITE, PATCH].map(interventionWords)).toEqual([
      'a direction at blocks.1.resid.post: add 2.5, generated tokens',
      'all of blocks.0.mlp.out: ablate, all tokens',
      'head 1.2: patch from “7 + 8 =”, positions 1, -1',
    ]);
  });
});
