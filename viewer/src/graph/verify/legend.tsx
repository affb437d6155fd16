import { ModeSwitch } from './mode-switch';
import type { Tests } from './use-tests';
import { LEGEND, LINES, strokeOf, type Verdict } from './words';

/** A line as edges of a verdict are drawn. */
export function VerdictLine({ verdict }: { verdict: Verdict }) {
  return (
    <svg viewBox="0 0 26 8" width="26" height="8" aria-hidden="true" className="verdict-line">
      <path
        d="M0 4h26"
        strokeWidth={strokeOf(verdict, 2.6)}
        style={{ strokeDasharray: LINES[verdict].dash }}
      />
    </svg>
  );
}

interface VerdictLegendProps {
  tests: Tests;
  on: boolean;
  setOn: (on: boolean) => void;
}

/** What the lines of the subgraph say, and in which mode. */
export function VerdictLegend({ tests, on, setOn }: VerdictLegendProps) {
  if (!tests.found) return null;
  return (
    <div className="verdict-legend small" role="group" aria-label="Verdicts on edges">
      <label title="Draw edges by what testing them found; + and − are written on them">
        <input type="checkbox" checked={on} onChange={(event) => setOn(event.target.checked)} />{' '}
        verdicts
      </label>
      {on && (
        <>
          <ModeSwitch
            modes={Object.keys(tests.found.modes)}
            mode={tests.mode}
            set={tests.setMode}
          />
          {LEGEND.map((verdict) => (
            <span key={verdict} title={LINES[verdict].meaning}>
              <VerdictLine verdict={verdict} /> {verdict}
            </span>
          ))}
        </>
      )}
    </div>
  );
}
