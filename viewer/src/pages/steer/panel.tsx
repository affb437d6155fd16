import type { KeyboardEvent, MouseEvent } from 'react';
import type { Steering } from '../../documents';
import type { Which } from './texts';

interface PanelProps {
  which: Which;
  /** New tokens while they come; undefined for the result. */
  tokens: string[] | undefined;
  prompt: string;
  result: Steering | undefined;
  running: boolean;
  /** Whether the result is that of an older question. */
  stale: boolean;
  /** Of each new token, whether the other text lacks it. */
  changed: boolean[];
  /** By which tokens are coloured. */
  feature: number;
  spot: number | undefined;
  point: (token: number | undefined) => void;
}

const TITLES: Record<Which, string> = { default: 'Default', steered: 'Steered' };

/** One of the two texts. */
export function Panel(props: PanelProps) {
  const { which, tokens, prompt, result, running } = props;
  return (
    <div className={`card steer-panel ${which}`} role="region" aria-label={`${TITLES[which]} text`}>
      <h2>{TITLES[which]}</h2>
      {tokens ? (
        <p className="steer-text" aria-busy={running}>
          <span className="prompt">{prompt}</span>
          {separated(tokens).map((token, i) => (
            <span key={i}>{token}</span>
          ))}
          {running && <span className="steer-caret" aria-hidden="true" />}
        </p>
      ) : (
        result && <Result {...props} result={result} />
      )}
    </div>
  );
}

function Result(props: PanelProps & { result: Steering }) {
  const { which, result, stale, changed, feature, spot, point } = props;
  const { tokens } = result[which];
  const values = activationsOf(result, which)[feature] ?? [];
  const most = largest(result, feature);
  const keyed = (event: KeyboardEvent) => {
    const next = { ArrowRight: (spot ?? -1) + 1, ArrowLeft: (spot ?? tokens.length) - 1 }[
      event.key
    ];
    if (next === undefined) return;
    point(Math.max(0, Math.min(tokens.length - 1, next)));
    event.preventDefault();
  };
  const shown = separated(tokens);
  return (
    <p
      className={`steer-text ${stale ? 'stale' : ''}`}
      tabIndex={0}
      role="group"
      aria-label={`Tokens of the ${which} text`}
      onMouseOver={(event: MouseEvent) => point(indexOf(event.target))}
      onMouseLeave={() => point(undefined)}
      onBlur={() => point(undefined)}
      onKeyDown={keyed}
    >
      {shown.map((token, i) => (
        <span
          key={i}
          data-i={i}
          className={classesOf(i, result.n_prompt, changed, i === spot)}
          style={{ '--strength': strengthOf(values[i] ?? 0, most) }}
        >
          {token}
        </span>
      ))}
    </p>
  );
}

/** Tokens as text; those of a tokenizer that drops spaces are set apart. */
function separated(tokens: string[]): string[] {
  const spaced = tokens.some((token) => /^\s|\s$/.test(token)) || tokens.length < 2;
  return tokens.map((token) => `${visibleBreak(token)}${spaced ? '' : ' '}`);
}

/** As text: a byte of a tokenizer that falls back to bytes is the character that it stands for. */
function visibleBreak(token: string): string {
  const byte = /^<0x([0-7][0-9A-F])>$/.exec(token);
  return byte ? String.fromCharCode(parseInt(byte[1] ?? '', 16)) : token;
}

/** What a text's tokens show: the features as the model had them when it wrote it. */
export function activationsOf(result: Steering, which: Which): number[][] {
  return which === 'default' ? result.default.plain : result.steered.steered;
}

/** Of a feature in both texts. */
export function largest(result: Steering, feature: number): number {
  const rows = [result.default, result.steered].flatMap((text) => [
    ...(text.plain[feature] ?? []),
    ...(text.steered[feature] ?? []),
  ]);
  return rows.reduce((a, b) => Math.max(a, b), 0);
}

function classesOf(i: number, prompt: number, changed: boolean[], at: boolean): string {
  const names = ['token'];
  if (i < prompt) names.push('prompt');
  else if (changed[i - prompt]) names.push('changed');
  if (at) names.push('at');
  return names.join(' ');
}

function strengthOf(value: number, most: number): string {
  if (value <= 0 || most <= 0) return '0%';
  return `${(12 + 88 * (value / most)).toFixed(0)}%`;
}

function indexOf(target: EventTarget): number | undefined {
  const token = target instanceof Element ? target.closest<HTMLElement>('[data-i]') : null;
  return token ? Number(token.dataset.i) : undefined;
}
