import type { JobState } from '../source';
import './progress.css';

interface ProgressProps {
  status: JobState<unknown>;
  cancel: () => void;
}

/** How far a job of the model is, or why it came to nothing. */
export function Progress({ status, cancel }: ProgressProps) {
  if (status.state === 'failed')
    return (
      <p className="job-failed" role="alert">
        {status.message}
      </p>
    );
  if (status.state === 'cancelled') return <p className="soft">Cancelled.</p>;
  if (status.state !== 'running') return null;
  const { job } = status;
  const known = job && job.total > 0;
  return (
    <div className="job" role="status">
      <progress aria-label="Progress" {...(known ? { value: job.done, max: job.total } : {})} />
      <span className="small soft">{wordsOf(status)}</span>
      <button type="button" onClick={cancel}>
        Cancel
      </button>
    </div>
  );
}

function wordsOf({ job }: { job: { state: string; place: number; title: string } | undefined }) {
  if (!job) return 'Asking …';
  if (job.state === 'queued')
    return job.place > 1 ? `${job.place} in the queue` : 'Next in the queue';
  return job.title;
}
