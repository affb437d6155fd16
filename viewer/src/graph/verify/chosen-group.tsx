import type { Verification } from '../../documents';
import type { GraphModel } from '../model/graph';
import { percent, signed } from '../model/names';
import { NodeRow } from '../panes/node-row';
import type { Hover } from '../state/hover';
import { nameOf } from './scatter';
import { type Mode, sizeName } from './words';

interface ChosenGroupProps {
  found: Verification;
  label: string;
  mode: Mode;
  model: GraphModel;
  hover: Hover;
  select: (node: number) => void;
}

const ANSWERS = 4;

/** The group that was clicked in the scatter: its members, and its effects by size. */
export function ChosenGroup({ found, label, mode, model, hover, select }: ChosenGroupProps) {
  const group = found.groups.find((one) => one.label === label);
  if (!group) return null;
  const nodes = group.members.map((id) => model.index.get(id)).filter((node) => node !== undefined);
  return (
    <div className="chosen-group" role="group" aria-label="The chosen group">
      <h5>
        {group.label} <span className="soft small">influence {percent(group.influence)}</span>
      </h5>
      <ul className="links" aria-label="Members of the chosen group">
        {nodes.map((node) => (
          <NodeRow key={node} model={model} node={node} size={0} hover={hover} select={select}>
            {''}
          </NodeRow>
        ))}
      </ul>
      <table className="tests-table small">
        <thead>
          <tr>
            <th scope="col">changed by</th>
            {found.sizes.map((size) => (
              <th scope="col" key={size} className="number">
                {sizeName(size)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {group.effects.slice(0, ANSWERS).map((effect) => (
            <tr key={effect.target}>
              <th scope="row">
                {nameOf(model, effect.target)}
                <small className="soft">measured ({mode})</small>
              </th>
              {(effect.predicted[mode] ?? []).map((value, i) => (
                <td key={found.sizes[i]} className="number">
                  {signed(value)}
                  <small className="soft">{number(effect.measured[mode]?.[i])}</small>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const number = (value: number | null | undefined) =>
  value === null || value === undefined ? '–' : signed(value);
