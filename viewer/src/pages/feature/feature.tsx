import { Empty, When } from '../../components/states';
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
  const page = useLoad(
    (signal) => source.feature(id, encoder, feature, signal),
    [source, id, encoder, feature],
  );
  return (
    <When of={atlas} what="Opening the atlas">
      {(info) => {
        const known = info.content.encoders[encoder];
        if (!known || feature >= known.features) {
          const last = info.content.encoders.length - 1;
          return (
            <Empty title="The atlas has no such feature">
              {known
                ? `Encoder ${encoder} has features 0 to ${known.features - 1}, not ${feature}.`
                : `The dictionary has encoders 0 to ${last}, not ${encoder}.`}
            </Empty>
          );
        }
        return (
          <When of={page} what="Reading the feature">
            {(found) => <FeatureView page={found} atlas={info} again={page.again} />}
          </When>
        );
      }}
    </When>
  );
}
