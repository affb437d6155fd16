import { type KeyboardEvent, type MouseEvent, useId, useState } from 'react';
import { figure, visibleToken } from '../format';
import './token-text.css';

interface TokenTextProps {
  tokens: string[];
  /** One a token; 0 where the feature is not active. */
  values: readonly number[];
  /** The value that is shown in full colour. */
  maximum: number;
  /** Token that is marked as the peak. */
  peak?: number | undefined;
  label?: string;
  chosen?: number | undefined;
  choose?: (token: number) => void;
}

/** Text with the activation of a feature on every token, by the strength of one hue. */
export function TokenText(props: TokenTextProps) {
  const { tokens, values, maximum, peak, label = 'Tokens', chosen, choose } = props;
  const [at, setAt] = useState<number>();
  const id = useId();
  const point = (event: MouseEvent) => setAt(indexOf(event.target));
  const keyed = (event: KeyboardEvent) => {
    const next = moved(event.key, at ?? chosen ?? peak ?? -1, tokens.length);
    if (next !== undefined) setAt(next);
    else if (event.key === 'Enter' && at !== undefined && choose) choose(at);
    else return;
    event.preventDefault();
  };
  return (
    <div
      className={`token-text ${choose ? 'choosable' : ''} ${areWords(tokens) ? 'words' : ''}`}
      tabIndex={0}
      role="group"
      aria-label={label}
      aria-describedby={at === undefined ? undefined : id}
      onMouseOver={point}
      onMouseLeave={() => setAt(undefined)}
      onFocus={() => setAt((i) => i ?? chosen ?? peak)}
      onBlur={() => setAt(undefined)}
      onKeyDown={keyed}
      onClick={(event) => {
        const token = indexOf(event.target);
        if (token !== undefined) choose?.(token);
      }}
    >
      {tokens.map((token, i) => (
        <span
          key={i}
          data-i={i}
          className={classesOf(i, values[i] ?? 0, peak, chosen)}
          style={styleOf(values[i] ?? 0, maximum)}
        >
          {visibleToken(token)}
          {i === at && (
            <span className="token-value" id={id} role="status">
              {figure(values[i] ?? 0)}
            </span>
          )}
        </span>
      ))}
    </div>
  );
}

/** Of a tokenizer that drops spaces: its tokens have to be set apart to be read. */
function areWords(tokens: string[]): boolean {
  return !tokens.some((token) => /^\s|\s$/.test(token));
}

function indexOf(target: EventTarget): number | undefined {
  const token = target instanceof Element ? target.closest<HTMLElement>('[data-i]') : null;
  return token ? Number(token.dataset.i) : undefined;
}

function moved(key: string, at: number, length: number): number | undefined {
  if (key === 'ArrowRight') return Math.min(length - 1, at + 1);
  if (key === 'ArrowLeft') return Math.max(0, at - 1);
  if (key === 'Home') return 0;
  return key === 'End' ? length - 1 : undefined;
}

function classesOf(i: number, value: number, peak?: number, chosen?: number): string {
  const names = ['token'];
  if (value > 0) names.push('on');
  if (i === peak) names.push('peak');
  if (i === chosen) names.push('chosen');
  return names.join(' ');
}

/** Even the weakest activation can be told from none. */
function styleOf(value: number, maximum: number): { '--strength': string } | undefined {
  if (value <= 0 || maximum <= 0) return undefined;
  const strength = 12 + 88 * Math.min(1, value / maximum);
  return { '--strength': `${strength.toFixed(0)}%` };
}

declare module 'react' {
  interface CSSProperties {
    '--strength'?: string;
  }
}
