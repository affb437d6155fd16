import './json-tree.css';

const OPEN_DEPTH = 2;
const SHORT_LIST = 12;
const MANY = 40;

/** JSON to read: objects fold, lists of numbers stay on a line. */
export function JsonTree({ value, depth = 0 }: { value: unknown; depth?: number }) {
  if (!isObject(value)) return <code className="json-value">{text(value)}</code>;
  const pairs = Object.entries(value);
  if (pairs.length === 0)
    return <code className="json-value">{Array.isArray(value) ? '[]' : '{}'}</code>;
  if (Array.isArray(value) && value.length <= SHORT_LIST && !value.some(isObject))
    return <code className="json-value">{value.map(text).join(', ')}</code>;
  return (
    <ul className="json-tree">
      {pairs.map(([name, inner]) => (
        <li key={name}>
          <Pair name={name} value={inner} depth={depth} />
        </li>
      ))}
    </ul>
  );
}

function Pair({ name, value, depth }: { name: string; value: unknown; depth: number }) {
  const folds = isObject(value) && Object.keys(value).length > 0;
  if (!folds || (Array.isArray(value) && !value.some(isObject) && value.length <= SHORT_LIST)) {
    return (
      <>
        <span className="json-name">{name}</span> <JsonTree value={value} />
      </>
    );
  }
  return (
    <details open={depth < OPEN_DEPTH && leavesOf(value) < MANY}>
      <summary>
        <span className="json-name">{name}</span>{' '}
        <span className="soft small">{Object.keys(value).length}</span>
      </summary>
      <JsonTree value={value} depth={depth + 1} />
    </details>
  );
}

function leavesOf(value: unknown): number {
  if (!isObject(value)) return 1;
  return Object.values(value).reduce<number>((sum, inner) => sum + leavesOf(inner), 0);
}

function isObject(value: unknown): value is Record<string, unknown> | unknown[] {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value || '""' : String(value);
}
