import { act, renderHook, waitFor } from '@testing-library/react';
import type { ReactNode } from 'react';
import { describe, expect, it, vi } from 'vitest';
import type { Annotation, AnnotationIn } from '../../documents';
import { Conflict, type Source, SourceContext } from '../../source';
import { fakeSource } from '../../testing/fake-source';
import { useAnnotation } from './annotation';

const KEY = { dictionary: 'print', encoder: 0, feature: 7 };
const THEIRS: Annotation = {
  ...KEY,
  label: 'theirs',
  note: '',
  rating: null,
  author: 'B',
  version: 2,
  updated: '2026-01-01T00:00:00Z',
};
const MINE = { label: 'mine', note: '', rating: 4 };

function open(given: Partial<Source>) {
  const source = fakeSource(given);
  const wrapper = ({ children }: { children: ReactNode }) => (
    <SourceContext value={source}>{children}</SourceContext>
  );
  const saved = vi.fn();
  return { saved, hook: renderHook(() => useAnnotation(KEY, saved), { wrapper }) };
}

describe('an edit of a label', () => {
  it('is of the version that was read', async () => {
    const annotate = vi.fn((edit: AnnotationIn) =>
      Promise.resolve({ ...THEIRS, ...edit, version: 3 } as Annotation),
    );
    const { hook, saved } = open({ annotations: () => Promise.resolve([THEIRS]), annotate });
    await waitFor(() => expect(hook.result.current.annotation).toEqual(THEIRS));
    await act(async () => {
      expect(await hook.result.current.save(MINE)).toBe(true);
    });
    expect(annotate.mock.calls[0]?.[0]).toMatchObject({ ...KEY, ...MINE, version: 2 });
    expect(hook.result.current.annotation?.label).toBe('mine');
    expect(saved).toHaveBeenCalledOnce();
  });

  it('that came second shows the first, and then replaces it', async () => {
    const annotate = vi.fn((edit: AnnotationIn) =>
      edit.version === 2
        ? Promise.resolve({ ...THEIRS, ...edit, version: 3 } as Annotation)
        : Promise.reject(new Conflict(THEIRS)),
    );
    const { hook, saved } = open({ annotations: () => Promise.resolve([]), annotate });
    await act(async () => {
      expect(await hook.result.current.save(MINE)).toBe(false);
    });
    expect(hook.result.current.conflict).toEqual(THEIRS);
    expect(saved).not.toHaveBeenCalled();
    await act(async () => {
      expect(await hook.result.current.save(MINE)).toBe(true);
    });
    expect(hook.result.current.conflict).toBeUndefined();
  });

  it('that is given up keeps theirs', async () => {
    const { hook } = open({
      annotations: () => Promise.resolve([]),
      annotate: () => Promise.reject(new Conflict(THEIRS)),
    });
    await act(async () => void (await hook.result.current.save(MINE)));
    act(() => hook.result.current.dismiss());
    expect(hook.result.current.annotation).toEqual(THEIRS);
    expect(hook.result.current.conflict).toBeUndefined();
  });

  it('that fails says why', async () => {
    const { hook } = open({
      annotations: () => Promise.resolve([]),
      annotate: () => Promise.reject(new Error('the disk is full')),
    });
    await act(async () => void (await hook.result.current.save(MINE)));
    expect(hook.result.current.problem).toBe('the disk is full');
  });
});
