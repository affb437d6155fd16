/** Changes as the server has them: interventions, and recipes that are opened. */
import type { Intervention, OpenedRecipe } from '../../documents';
import type { Change, Slid } from './change';
import { keep, keptAs } from './keep';
import { parsePositions, type Settings } from './state';

/** What a run or a recipe takes of the changes: those that are on, in order. */
export function interventionsOf({ changes, positions }: Settings): Intervention[] {
  return changes.flatMap((change) => {
    const one = change.off ? undefined : interventionOf(change, positions);
    return one ? [one] : [];
  });
}

function interventionOf(change: Change, everywhere: string): Intervention | undefined {
  if (change.kind === 'kept') return keptAs(change.key);
  const { target, how, value } = change;
  const positions = parsePositions(change.positions || everywhere);
  if (positions === undefined) return undefined;
  return {
    what: target,
    how,
    value: how === 'ablate' ? null : value,
    positions: positions as Intervention['positions'],
    source: null,
  };
}

/** The settings of a recipe that was opened.
 *
 * @throws Error - it holds what a browser cannot: a number too large.
 */
export function settingsOf({ recipe, model, dictionary }: OpenedRecipe): Partial<Settings> {
  const { max_new_tokens: tokens, temperature = 0, seed = 0 } = recipe.generation;
  if (!Number.isSafeInteger(seed)) {
    throw new Error('the seed is larger than a browser can count to; take one below 2**53');
  }
  const positions = commonOf(recipe.interventions);
  return {
    model,
    ...(dictionary ? { dictionary } : {}),
    changes: recipe.interventions.map((one) => changeOf(one, positions)),
    positions,
    tokens,
    temperature,
    seed,
    notes: recipe.notes,
  };
}

/** The positions of all changes with a slider, or else all. */
function commonOf(interventions: Intervention[]): string {
  const all = interventions.flatMap((one) => slidOf(one)?.positions ?? []);
  const [first] = all;
  return first !== undefined && all.every((one) => one === first) ? first : 'all';
}

function changeOf(intervention: Intervention, everywhere: string): Change {
  const slid = slidOf(intervention);
  if (!slid) return { kind: 'kept', key: keep(intervention), off: false };
  return slid.positions === everywhere ? { ...slid, positions: '' } : slid;
}

/** Undefined where it has no slider: directions, sites, patches. */
function slidOf({ what, how, value, positions }: Intervention): Slid | undefined {
  if (how === 'patch' || what.kind === 'direction' || what.kind === 'site') return undefined;
  const target: Slid['target'] =
    what.kind === 'head'
      ? { kind: 'head', layer: what.layer, head: what.head }
      : { kind: 'features', features: what.features };
  return {
    kind: 'slid',
    target,
    how,
    value: value ?? 0,
    positions: String(positions),
    off: false,
  };
}
