import { interpolateViridis, schemeTableau10 } from 'd3-scale-chromatic';
import { useMemo, useState } from 'react';
import { LineChart, type Series } from '../../components/line-chart';
import { useTheme } from '../../theme/theme';
import { type Curve, meansOverSites, metricsOf, readsAsLog } from './curves';

interface ChartsProps {
  curves: Curve[];
  x: number[];
  xName: string;
}

const TITLES: Record<string, string> = {
  fvu: 'FVU: share of variance unexplained',
  l0: 'L0: active features per token',
  dead: 'Dead features, share',
  tokens_per_second: 'Tokens per second',
};

/** A chart a metric; with several dictionaries, means over sites, or one of them site by site. */
export function Charts({ curves, x, xName }: ChartsProps) {
  const { dark } = useTheme();
  const dictionaries = useMemo(
    () => [...new Set(curves.map((c) => c.dictionary))].filter(Boolean),
    [curves],
  );
  const [chosen, setChosen] = useState('');
  const one = dictionaries.length === 1 ? dictionaries[0] : chosen;
  return (
    <>
      {dictionaries.length > 1 && (
        <label className="small soft chart-choice">
          Dictionary{' '}
          <select value={chosen} onChange={(event) => setChosen(event.target.value)}>
            <option value="">all, means over sites</option>
            {dictionaries.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      <div className="charts">
        {metricsOf(curves).map((metric) => {
          const all = curves.filter((curve) => curve.metric === metric);
          const shown = one
            ? all.filter((curve) => curve.dictionary === one || curve.dictionary === '')
            : meansOverSites(all);
          if (shown.length === 0) return null;
          return (
            <Chart
              key={metric}
              metric={metric}
              curves={shown}
              series={seriesOf(shown, Boolean(one), dark)}
              x={x}
              xName={xName}
            />
          );
        })}
      </div>
    </>
  );
}

interface ChartProps {
  metric: string;
  curves: Curve[];
  series: Series[];
  x: number[];
  xName: string;
}

function Chart({ metric, curves, series, x, xName }: ChartProps) {
  const [log, setLog] = useState<boolean>();
  const isLog = log ?? readsAsLog(metric, curves);
  const title = TITLES[metric] ?? sentence(metric);
  return (
    <section className="card" aria-label={title}>
      <div className="card-head">
        <h2>{title}</h2>
        <button
          type="button"
          className="plain small"
          aria-pressed={isLog}
          title="Logarithmic axis"
          onClick={() => setLog(!isLog)}
        >
          log
        </button>
      </div>
      <LineChart title={title} x={x} xName={xName} series={series} log={isLog} />
    </section>
  );
}

function sentence(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const DASHES = [undefined, '6 3', '2 3'];

/** Sites lie in an order, and so do their colours; dictionaries are told apart, by dashes too. */
function seriesOf(curves: Curve[], bySite: boolean, dark: boolean): Series[] {
  const sites = bySite && curves.length > 1;
  return curves.map((curve, i) => {
    const t = i / Math.max(1, curves.length - 1);
    return {
      name: (bySite ? curve.site : curve.dictionary) || curve.dictionary || curve.metric,
      colour: sites
        ? interpolateViridis(dark ? 0.3 + 0.7 * t : 0.85 * t)
        : (schemeTableau10[i % 10] ?? 'gray'),
      dash: sites ? undefined : DASHES[Math.floor(i / 10) % DASHES.length],
      values: curve.values,
    };
  });
}
