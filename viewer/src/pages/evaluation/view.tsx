import { Columns } from '../../components/columns';
import { count, figure, visibleToken } from '../../format';
import { FigureTable } from './figure-table';
import { Intervals, type Marked } from './intervals';
import type { Density, PerToken, Probe, Report } from './report';

export function ReportView({ report }: { report: Report }) {
  const beaten = report.baselines.length > 0 && report.baselines.every((b) => b.beaten);
  return (
    <article className="report">
      <header className="page-head">
        <h1>Evaluation of {report.dictionary}</h1>
        <span className="soft">
          {report.kind.toUpperCase()} on {report.model} · {count(report.tokens)} held-out tokens of{' '}
          {count(report.documents)} documents · 95% intervals by bootstrap over documents
        </span>
      </header>
      <p className={`verdict ${beaten ? 'good' : 'bad'}`}>
        <b aria-hidden="true">{beaten ? '✓' : '!'}</b> {report.verdict}
      </p>
      {report.notes.map((note) => (
        <p key={note} className="soft small">
          {note}
        </p>
      ))}
      <div className="report-grid">
        <section className="card whole" aria-label="Sites">
          <h2>Written sites</h2>
          <FigureTable
            first="site"
            rows={[
              ...report.sites.map(({ site, figures }) => ({ name: site, figures })),
              ...(report.sites.length > 1 ? [{ name: 'mean', figures: report.means }] : []),
            ]}
          />
        </section>
        <Plot
          report={report}
          name="fvu"
          title="FVU by site"
          note="lower is better; 1 predicts the mean"
        />
        <Plot
          report={report}
          name="ce_recovered"
          title="CE recovered by site"
          note="higher is better; 1 is the model itself"
        />
        {report.baselines.length > 0 && <Baselines report={report} />}
        {Object.keys(report.replacement ?? {}).length > 0 && (
          <section className="card" aria-label="Replacement model">
            <h2>Whole replacement model</h2>
            <FigureTable
              first="attention"
              columns={{
                top1: 'top-1 agreement',
                kl: 'KL, nats',
                ce: 'CE',
                ce_clean: "model's CE",
              }}
              rows={Object.entries(report.replacement).map(([name, figures]) => ({
                name,
                figures,
              }))}
            />
          </section>
        )}
        {report.probes?.length > 0 && <Probes probes={report.probes} />}
        {report.densities.map((density) => (
          <DensityCard key={density.site} density={density} />
        ))}
        <Outliers perToken={report.per_token} />
      </div>
    </article>
  );
}

interface PlotProps {
  report: Report;
  name: string;
  title: string;
  note: string;
}

function Plot({ report, name, title, note }: PlotProps) {
  const of = (who: string, sites: Report['sites']): Marked[] =>
    sites.flatMap(({ site, figures }) => {
      const found = figures[name];
      return found ? [{ who, site, figure: found }] : [];
    });
  const marks = [
    ...of('this dictionary', report.sites),
    ...report.baselines.flatMap((baseline) => of(baseline.name, baseline.sites)),
  ];
  if (marks.length === 0) return null;
  return (
    <section className="card" aria-label={title}>
      <h2>{title}</h2>
      <p className="small soft">{note}; bars are 95% intervals</p>
      <Intervals marks={marks} label={title} />
    </section>
  );
}

function Baselines({ report }: { report: Report }) {
  return (
    <section className="card whole" aria-label="Baselines">
      <h2>Baselines, means over sites</h2>
      <FigureTable
        first=""
        last="verdict"
        rows={[
          { name: 'this dictionary', figures: report.means, last: '' },
          ...report.baselines.map(({ name, means, beaten, versus }) => {
            const better = versus.filter((v) => v.verdict === 'better').length;
            const last = beaten
              ? '✓ clearly beaten'
              : `beaten at ${better} of ${versus.length} sites`;
            return { name, figures: means, last };
          }),
        ]}
      />
      {report.baselines.map(({ name, what }) => (
        <p key={name} className="small soft">
          <b>{name}</b>: {what}
        </p>
      ))}
    </section>
  );
}

function DensityCard({ density }: { density: Density }) {
  const { features, dead, dense } = density;
  const { edges, histogram } = occupied(density);
  const power = (log: number | undefined) => figure(10 ** (log ?? 0));
  return (
    <section className="card" aria-label={`Density, ${density.site}`}>
      <h2>Density of features that read {density.site}</h2>
      <p className="small soft">
        {count(features)} features, {count(dead)} dead, {count(dense)} dense (on more than 10% of
        tokens)
      </p>
      <Columns
        values={histogram}
        label={`Features by density, ${density.site}`}
        ends={[`density ${power(edges[0])}`, power(edges.at(-1))]}
        describe={(i) =>
          `${power(edges[i])} to ${power(edges[i + 1])}: ${count(histogram[i] ?? 0)} features`
        }
      />
    </section>
  );
}

/** Without the empty bins at both ends. */
function occupied({ edges, histogram }: Density) {
  const first = histogram.findIndex((n) => n > 0);
  const last = histogram.findLastIndex((n) => n > 0);
  return first < 0
    ? { edges, histogram }
    : { edges: edges.slice(first, last + 2), histogram: histogram.slice(first, last + 1) };
}

const WORST = 15;

function Outliers({ perToken }: { perToken: PerToken[] }) {
  const all = perToken
    .flatMap(({ site, outliers }) => outliers.map((one) => ({ site, ...one })))
    .sort((a, b) => b.error - a.error)
    .slice(0, WORST);
  if (all.length === 0) return null;
  return (
    <section className="card whole" aria-label="Worst tokens">
      <h2>Tokens that are reconstructed worst</h2>
      <p className="small soft">1 is the error that predicting the mean makes on average.</p>
      <table className="outliers">
        <thead>
          <tr>
            <th scope="col">site</th>
            <th scope="col" className="number">
              error
            </th>
            <th scope="col" className="number">
              L0
            </th>
            <th scope="col">text</th>
          </tr>
        </thead>
        <tbody>
          {all.map((one, i) => (
            <tr key={i}>
              <td className="mono">{one.site}</td>
              <td className="number">{figure(one.error)}</td>
              <td className="number">{one.l0}</td>
              <td className="outlier-text">
                {visibleToken(one.before)}
                <mark>{visibleToken(one.token)}</mark>
                {visibleToken(one.after)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Probes({ probes }: { probes: Probe[] }) {
  const best = (figures: Probe['features']) =>
    Object.fromEntries(Object.entries(figures).map(([k, f]) => [`${k} features`, f]));
  const ks = [...new Set(probes.flatMap((p) => Object.keys(p.features)))];
  const columns = Object.fromEntries([
    ...ks.map((k) => [`${k} features`, k === '1' ? '1 feature' : `${k} features`]),
    ['activation', 'all dimensions'],
  ]) as Record<string, string>;
  return (
    <section className="card whole" aria-label="Sparse probes">
      <h2>Sparse probes, balanced accuracy</h2>
      <p className="small soft">0.5 is chance.</p>
      <FigureTable
        first="task"
        columns={columns}
        rows={probes.map((p) => ({
          name: `${p.task}, ${p.site}`,
          figures: { ...best(p.features), activation: p.activation },
        }))}
      />
    </section>
  );
}
