import { visibleToken } from '../format';
import './charts.css';

interface Bar {
  key: string | number;
  name: string;
  value: number;
  /** The value in words. */
  text: string;
  title?: string;
}

interface BarsProps {
  bars: Bar[];
  label: string;
  tone: 'positive' | 'negative' | 'neutral';
  /** The value of a full bar; the largest of these, unless given. */
  full?: number;
}

/** Tokens with a bar each, from large to small. */
export function Bars({ bars, label, tone, full }: BarsProps) {
  const largest = full ?? Math.max(...bars.map((bar) => Math.abs(bar.value)), 1e-12);
  return (
    <ul className={`bars ${tone}`} aria-label={label}>
      {bars.map((bar) => (
        <li key={bar.key} title={bar.title}>
          <span className="bar-name">{visibleToken(bar.name)}</span>
          <span className="bar-track">
            <span style={{ width: `${(100 * Math.abs(bar.value)) / largest}%` }} />
          </span>
          <span className="number">{bar.text}</span>
        </li>
      ))}
    </ul>
  );
}
