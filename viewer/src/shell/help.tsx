import { Dialog } from '../components/dialog';
import { useShortcuts } from './shortcuts';

const LISTS = [
  { keys: '↑ ↓', what: 'move in a list; Enter opens, Esc leaves' },
  { keys: 'Tab', what: 'go to the next control' },
];

/** All keys that do something on this page. */
export function Help({ close }: { close: () => void }) {
  const shortcuts = useShortcuts();
  const last = new Map(shortcuts.map((s) => [s.keys, s.what]));
  const rows = [...last].map(([keys, what]) => ({ keys, what }));
  return (
    <Dialog title="Keys" close={close}>
      <dl className="key-list">
        {[...rows, ...LISTS].map(({ keys, what }) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>
                  {key
                    .replace('mod+', 'Ctrl ')
                    .replace('shift+', 'Shift ')
                    .replace('ArrowLeft', '←')}
                </kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
