import { useEffect, useMemo } from 'react';
import type { EntryDetail, Library, SteerJob } from '../../documents';
import { useNavigation } from '../../navigation';
import { useLoad, useSource } from '../../source';
import { Changes } from './changes';
import { Controls } from './controls';
import { interventionsOf } from './recipe';
import { Save } from './save';
import { parsePositions, type Settings, writeSettings } from './state';
import { Texts } from './texts';
import { useSteering } from './use-steering';

const PAUSE_MS = 350;

interface SteerDeskProps {
  dictionary: EntryDetail;
  library: Library;
  settings: Settings;
}

/** Settings on the left; on the right the two texts, which follow them. */
export function SteerDesk({ dictionary, library, settings }: SteerDeskProps) {
  const { replaceQuery, pushQuery } = useNavigation();
  const { run, start, cancel } = useSteering();
  const source = useSource();
  const atlas = dictionary.links.atlas ?? '';
  const info = useLoad(
    (signal) => (atlas ? source.atlas(atlas, signal) : Promise.resolve(undefined)),
    [source, atlas],
  );
  const set = (change: Partial<Settings>) => replaceQuery(writeSettings(change));
  const written = JSON.stringify(jobOf(settings));
  const job = useMemo(() => JSON.parse(written) as SteerJob | null, [written]);
  useEffect(() => {
    if (!job) return undefined;
    const timer = setTimeout(() => start(job), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [job, start]);
  return (
    <div className="page steer-page">
      <header className="page-head">
        <h1>Steer</h1>
        <span className="soft">what the model writes when its features and heads are changed</span>
      </header>
      <div className="steer-grid">
        <div className="steer-side">
          <Controls
            settings={settings}
            set={set}
            library={library}
            again={() => job && start(job)}
            ready={job !== null}
          />
          <Changes
            settings={settings}
            set={set}
            open={(recipe) => pushQuery(writeSettings(recipe))}
            atlas={atlas}
            info={'value' in info ? info.value : undefined}
            result={run.result}
          />
          {job && (
            <Save job={job} run={run} notes={settings.notes} note={(notes) => set({ notes })} />
          )}
        </div>
        <Texts run={run} cancel={cancel} job={job} atlas={atlas} />
      </div>
    </div>
  );
}

/** What the server is asked; null where something is still missing. */
function jobOf(settings: Settings): SteerJob | null {
  const { model, dictionary, prompt, tokens, temperature, seed } = settings;
  if (!model || !dictionary || !prompt.trim()) return null;
  if (parsePositions(settings.positions) === undefined) return null;
  return {
    kind: 'steer',
    model,
    dictionary,
    prompt,
    interventions: interventionsOf(settings),
    generation: { max_new_tokens: tokens, temperature, seed },
  };
}
