import { Empty, When } from '../../components/states';
import type { AtlasInfo } from '../../documents';
import { useLoad, useSource } from '../../source';
import { FeatureView } from './view';

interface FeatureAddress {
  id: string;
  encoder: number;
  feature: number;
}

/** A feature of an atlas on the server. */
export function FeatureRoute({ id, encoder, feature }: FeatureAddress) {
  const source = useSource();
  const atlas = useLoad((signal) => source.atlas(id, signal), [source, id]);
  return (
    <When of={atlas} what="Opening the atlas">
      {(info) => <Known atlas={info} encoder={encoder} feature={feature} />}
    </When>
  );
}

interface KnownProps {
  atlas: AtlasInfo;
  encoder: number;
  feature: number;
}

function Known({ atlas, encoder, feature }: KnownProps) {
  const { encoders } = atlas.content;
  const known = encoders[encoder];
  if (known && feature < known.features) {
    return <Loaded atlas={atlas} encoder={encoder} feature={feature} />;
  }
  return (
    <Empty title="The atlas has no such feature">
      {known
        ? `Encoder ${encoder} has features 0 to ${known.features - 1}, not ${feature}.`
        : `The dictionary has encoders 0 to ${encoders.length - 1}, not ${encoder}.`}
    </Empty>
  );
}

function Loaded({ atlas, encoder, feature }: KnownProps) {
  const source = useSource();
  const page = useLoad(
    (signal) => source.feature(atlas.id, encoder, feature, signal),
    [source, atlas.id, encoder, feature],
  );
  return (
    <When of={page} what="Reading the feature">
      {(found) => <FeatureView page={found} atlas={atlas} again={page.again} />}
    </When>
  );
}
