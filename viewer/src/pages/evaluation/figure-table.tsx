import { figure } from '../../format';
import { type Figure, type Figures, FIGURES } from './report';

interface FigureTableProps {
  first: string;
  columns?: Record<string, string>;
  rows: { name: string; figures: Figures; last?: string }[];
  last?: string;
}

/** Figures with their intervals; columns of which nothing was measured are left out. */
export function FigureTable({ first, columns = FIGURES, rows, last }: FigureTableProps) {
  const shown = Object.entries(columns).filter(([key]) => rows.some((row) => row.figures[key]));
  return (
    <div className="table-scroll">
      <table className="figure-table">
        <thead>
          <tr>
            <th scope="col">{first}</th>
            {shown.map(([key, name]) => (
              <th scope="col" key={key} className="number">
                {name}
              </th>
            ))}
            {last !== undefined && <th scope="col">{last}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name} className={row.name === 'mean' ? 'mean' : ''}>
              <th scope="row" className="mono">
                {row.name}
              </th>
              {shown.map(([key]) => (
                <td key={key} className="number">
                  <Value of={row.figures[key]} />
                </td>
              ))}
              {last !== undefined && <td>{row.last}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Value({ of }: { of: Figure | undefined }) {
  if (!of) return <span className="soft">–</span>;
  return (
    <>
      {figure(of.value)}
      {of.low != null && of.high != null && (
        <small className="soft">
          {figure(of.low)} to {figure(of.high)}
        </small>
      )}
    </>
  );
}
