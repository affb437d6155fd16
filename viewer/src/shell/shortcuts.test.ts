import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Shortcuts } from './shortcuts';

function press(
  shortcuts: Shortcuts,
  key: string,
  given: KeyboardEventInit = {},
  target = document.body,
) {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, composed: true, ...given });
  let ran = false;
  const listen = (e: Event) => {
    ran = shortcuts.press(e as KeyboardEvent);
  };
  document.addEventListener('keydown', listen, { once: true });
  target.dispatchEvent(event);
  return ran;
}

describe('shortcuts', () => {
  let shortcuts: Shortcuts;
  beforeEach(() => {
    shortcuts = new Shortcuts();
  });

  it('run, and go when they are removed', () => {
    const run = vi.fn();
    const remove = shortcuts.add({ keys: '?', what: '', run });
    expect(press(shortcuts, '?')).toBe(true);
    remove();
    expect(press(shortcuts, '?')).toBe(false);
    expect(run).toHaveBeenCalledOnce();
  });

  it('know two keys one after the other', () => {
    const [library, last] = [vi.fn(), vi.fn()];
    shortcuts.add({ keys: 'g l', what: '', run: library });
    shortcuts.add({ keys: 'l', what: '', run: last });
    press(shortcuts, 'g');
    press(shortcuts, 'l');
    press(shortcuts, 'l');
    expect([library.mock.calls.length, last.mock.calls.length]).toEqual([1, 1]);
  });

  it('know a letter with Shift from the letter alone', () => {
    const group = vi.fn();
    shortcuts.add({ keys: 'shift+g', what: '', run: group });
    expect(press(shortcuts, 'g')).toBe(false);
    expect(press(shortcuts, 'G', { shiftKey: true })).toBe(true);
    expect(press(shortcuts, '?', { shiftKey: true })).toBe(false);
    expect(group).toHaveBeenCalledOnce();
  });

  it('of a page come before those of the frame', () => {
    const [frame, page] = [vi.fn(), vi.fn()];
    shortcuts.add({ keys: '/', what: '', run: frame });
    shortcuts.add({ keys: '/', what: '', run: page });
    press(shortcuts, '/');
    expect([frame.mock.calls.length, page.mock.calls.length]).toEqual([0, 1]);
  });

  it('leave typing alone, but for those with Ctrl', () => {
    const input = document.body.appendChild(document.createElement('input'));
    shortcuts.add({ keys: 'e', what: '', run: () => undefined });
    shortcuts.add({ keys: 'mod+k', what: '', run: () => undefined });
    expect(press(shortcuts, 'e', {}, input)).toBe(false);
    expect(press(shortcuts, 'k', { ctrlKey: true }, input)).toBe(true);
    input.remove();
  });
});
