import { useState } from 'react';
import { saveText } from '../../components/save';
import type { SteerJob } from '../../documents';
import { download } from '../../graph/export/files';
import { useSource } from '../../source';
import type { Run } from './use-steering';

interface SaveProps {
  job: SteerJob;
  run: Run;
  notes: string;
  note: (notes: string) => void;
}

/** The recipe of what is shown, and the same as a hook for plain PyTorch. */
export function Save({ job, run, notes, note }: SaveProps) {
  const source = useSource();
  const [said, setSaid] = useState('');
  const ready = run.phase === 'done' && run.result !== undefined;
  const recipe = () => {
    if (!run.result) return;
    const saved = { ...run.result.recipe, notes };
    saveText('recipe.json', `${JSON.stringify(saved, null, 1)}\n`, 'application/json');
    setSaid('Saved; `microtome steer … --recipe recipe.json` does the same.');
  };
  const hook = async () => {
    setSaid('Making the hook …');
    const { model, dictionary, interventions, generation } = job;
    const asked = { kind: 'steer-hook' as const, model, dictionary, interventions, generation };
    const queued = await source.startJob(asked);
    const end = await source.followJob(queued.id, () => undefined);
    if (end.state !== 'done') throw new Error(end.message || 'It was cancelled.');
    download('steering.zip', await source.jobFile(end.id));
    setSaid('Saved: steering.py attaches it to the Hugging Face model.');
  };
  return (
    <section className="card steer-save" aria-label="Save">
      <textarea
        aria-label="Notes"
        placeholder="Notes, kept in the recipe"
        rows={1}
        defaultValue={notes}
        key={notes}
        onBlur={(event) => note(event.target.value)}
      />
      <button type="button" disabled={!ready} onClick={recipe}>
        Save recipe
      </button>
      <button
        type="button"
        disabled={!ready || job.interventions?.length === 0}
        title="steering.py and its tensors, for plain PyTorch"
        onClick={() =>
          void hook().catch((e: unknown) => setSaid(e instanceof Error ? e.message : String(e)))
        }
      >
        Export hook
      </button>
      <span className="small soft" role="status">
        {said}
      </span>
    </section>
  );
}
