import { useEffect, useState } from 'react';
import { FeatureCard } from '../../components/feature-card';
import { FeatureName } from '../../components/label';
import type { AtlasMap } from '../../documents';
import { nameOf } from './names';

interface HoverCardProps {
  atlas: string;
  map: AtlasMap;
  index: number;
  place: [number, number];
}

const DELAY_MS = 180;
const WIDTH = 416;

/** The label at once; the examples when the pointer rests. */
export function HoverCard({ atlas, map, index, place: [x, y] }: HoverCardProps) {
  const [rested, setRested] = useState<number>();
  useEffect(() => {
    const timer = setTimeout(() => setRested(index), DELAY_MS);
    return () => clearTimeout(timer);
  }, [index]);
  const left = x + WIDTH + 24 > window.innerWidth * 0.72 ? Math.max(4, x - WIDTH) : x + 18;
  return (
    <div className="hover-card map-hover" style={{ left, top: y + 18 }} role="tooltip">
      {rested === index ? (
        <FeatureCard
          atlas={atlas}
          encoder={map.encoder[index] ?? 0}
          feature={map.feature[index] ?? 0}
        />
      ) : (
        <FeatureName row={{ name: nameOf(map, index), label: map.label[index] ?? '' }} />
      )}
    </div>
  );
}
