/** Beside the graph: what testing it on the model found. */

import { useState } from 'react';
import { Progress } from '../../components/progress';
import type { Verification } from '../../documents';
import type { Hover } from '../state/hover';
import type { Session } from '../state/session';
import { AgreementTable } from './agreement-table';
import { CircuitTests } from './circuit-tests';
import { EdgeCounts } from './edge-counts';
import { ErrorShares } from './error-shares';
import { ChosenGroup } from './chosen-group';
import { ModeSwitch } from './mode-switch';
import { Scatter } from './scatter';
import type { Tests } from './use-tests';
import { withTestedGroups } from './verdicts';
import { BELIEFS } from './words';

interface TestsPaneProps {
  session: Session;
  tests: Tests;
  hover: Hover;
  /** Outline nodes in the drawing. */
  mark: (nodes: ReadonlySet<number>) => void;
  select: (node: number) => void;
  close: () => void;
}

export function TestsPane({ session, tests, hover, mark, select, close }: TestsPaneProps) {
  const { found, problem, can, status } = tests;
  const running = status.state === 'running';
  return (
    <div className="tests" role="group" aria-label="Verification">
      <header className="tests-head">
        {found ? <Verdict found={found} /> : <Untested problem={problem} can={can} />}
        <div className="node-actions">
          {can && (
            <button
              type="button"
              className={found ? '' : 'primary'}
              disabled={running}
              title="Change nodes and groups in the real model, and compare with what the graph predicts"
              onClick={tests.start}
            >
              {found ? 'Verify again' : 'Verify'}
            </button>
          )}
          {found && (
            <button
              type="button"
              title="Make them your subgraph, where each edge is drawn by its verdict"
              onClick={() =>
                session.act({
                  do: 'replace',
                  state: withTestedGroups(found, session.model, session.state),
                })
              }
            >
              Draw the tested groups
            </button>
          )}
          <button type="button" className="plain" onClick={close}>
            Close
          </button>
        </div>
        <Progress status={status} cancel={tests.cancel} />
      </header>
      {found && (
        <Report
          found={found}
          session={session}
          tests={tests}
          hover={hover}
          mark={mark}
          select={select}
        />
      )}
    </div>
  );
}

function Verdict({ found }: { found: Verification }) {
  const { sign, word, tone } = BELIEFS[found.belief];
  return (
    <>
      <h3 className={`tests-verdict ${tone}`}>
        <span aria-hidden="true">{sign}</span> {word}
      </h3>
      <ul className="tests-reasons small" aria-label="Reasons">
        {found.reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      <p className="soft small">
        {found.groups.length} groups, each changed by {found.sizes.length} sizes in the real model;
        took {found.seconds.toFixed(found.seconds < 10 ? 1 : 0)} s
      </p>
    </>
  );
}

function Untested({ problem, can }: { problem: string; can: boolean }) {
  return (
    <>
      <h3 className="tests-verdict">○ Not tested</h3>
      {problem && <p role="alert">{problem}</p>}
      <p className="small">
        A graph says what happens when its nodes change. {can ? 'Verify' : 'microtome verify'}{' '}
        changes them in the real model and compares, with random features as a control.
      </p>
    </>
  );
}

type ReportProps = Omit<TestsPaneProps, 'close'> & { found: Verification };

function Report({ found, session, tests, hover, mark, select }: ReportProps) {
  const [chosen, setChosen] = useState('');
  const choose = (label: string) => {
    const next = label === chosen ? '' : label;
    setChosen(next);
    const group = found.groups.find((g) => g.label === next);
    const nodes = (group?.members ?? []).map((id) => session.model.index.get(id) ?? -1);
    mark(new Set(nodes.filter((node) => node >= 0)));
  };
  const { mode } = tests;
  return (
    <div className="tests-report">
      <section>
        <h4>Predicted against measured effects</h4>
        <AgreementTable found={found} />
      </section>
      <section>
        <h4>Group by group</h4>
        <ModeSwitch modes={Object.keys(found.modes)} mode={mode} set={tests.setMode} />
        <Scatter found={found} mode={mode} chosen={chosen} choose={choose} model={session.model} />
        <ChosenGroup
          found={found}
          label={chosen}
          mode={mode}
          model={session.model}
          hover={hover}
          select={select}
        />
      </section>
      <section>
        <h4>The circuit as a whole</h4>
        <CircuitTests found={found} mode={mode} />
      </section>
      <section>
        <h4>From group to group</h4>
        <EdgeCounts found={found} />
      </section>
      <section>
        <h4>What errors hold</h4>
        <ErrorShares found={found} strings={session.view.strings} />
      </section>
    </div>
  );
}
