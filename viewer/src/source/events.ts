import type { Job } from '../documents';

const POLL_MS = 1000;

export function ended(job: Job): boolean {
  return job.state === 'done' || job.state === 'failed' || job.state === 'cancelled';
}

/**
 * Follows a job by server-sent events until it ends.
 *
 * Where the stream breaks (a proxy that buffers, a server that was started anew), asks every
 * second instead, so that progress is never lost without a word.
 */
export function followEvents(
  url: string,
  poll: () => Promise<Job>,
  changed: (job: Job) => void,
  signal?: AbortSignal,
): Promise<Job> {
  return new Promise((resolve, reject) => {
    const events = new EventSource(url, { withCredentials: true });
    const stop = () => events.close();
    const report = (job: Job) => {
      changed(job);
      if (!ended(job)) return false;
      stop();
      resolve(job);
      return true;
    };
    events.addEventListener('job', (event: MessageEvent<string>) => {
      report(JSON.parse(event.data) as Job);
    });
    events.onerror = () => {
      stop();
      void pollUntilEnd(poll, report, signal).catch(reject);
    };
    signal?.addEventListener('abort', () => {
      stop();
      reject(new DOMException('No longer followed.', 'AbortError'));
    });
  });
}

async function pollUntilEnd(
  poll: () => Promise<Job>,
  report: (job: Job) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  while (!signal?.aborted && !report(await poll())) {
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}
