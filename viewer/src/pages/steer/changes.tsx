import type { AtlasInfo, Steering } from '../../documents';
import { AddChange } from './add-change';
import { type Change, keyOf, type Target, unchanged } from './change';
import { keptAs } from './keep';
import { KeptRow } from './kept-row';
import { OpenRecipe } from './open-recipe';
import { SliderRow } from './slider-row';
import type { Settings } from './state';

interface ChangesProps {
  settings: Settings;
  set: (change: Partial<Settings>) => void;
  /** Sets what a recipe says, so that “back” leads to what was before. */
  open: (recipe: Partial<Settings>) => void;
  /** Of the dictionary; empty where none is served. */
  atlas: string;
  info: AtlasInfo | undefined;
  result: Steering | undefined;
}

/** What is changed, a row each, in the order in which it is done. */
export function Changes({ settings, set, open, atlas, info, result }: ChangesProps) {
  const { changes } = settings;
  const put = (at: number, next: Change | undefined) =>
    set({ changes: changes.flatMap((one, i) => (i === at ? (next ?? []) : one)) });
  const add = (target: Target) => {
    const same = (one: Change) => one.kind === 'slid' && keyOf(one.target) === keyOf(target);
    if (!changes.some(same)) set({ changes: [...changes, unchanged(target)] });
  };
  return (
    <section className="card steer-changes" aria-label="Changes">
      <div className="card-head">
        <h2>Changes</h2>
        <OpenRecipe opened={open} />
      </div>
      <AddChange atlas={atlas} info={info} add={add} />
      {changes.length === 0 && (
        <p className="soft small">
          Nothing is changed yet. Find a feature by its label, name a head, or open a recipe.
        </p>
      )}
      <ul>
        {changes.map((change, i) =>
          change.kind === 'kept' ? (
            <KeptRow key={i} change={change} put={(next) => put(i, next)} />
          ) : (
            <SliderRow
              key={`${i} ${keyOf(change.target)}`}
              change={change}
              atlas={atlas}
              result={result}
              put={(next) => put(i, next)}
            />
          ),
        )}
      </ul>
      {changes.some((one) => one.kind === 'kept' && keptAs(one.key)) && (
        <p className="soft small">
          Changes without a slider are not in the address: a reload loses them.
        </p>
      )}
    </section>
  );
}
