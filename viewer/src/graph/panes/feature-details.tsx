/** What the atlas knows of the selected feature: label, examples, logits; the label can be edited. */

import { TokenText } from '../../components/token-text';
import type { AtlasInfo, FeaturePage, TokenScore } from '../../documents';
import { figure, share, visibleToken } from '../../format';
import { Link } from '../../navigation';
import { useLoad, useSource } from '../../source';
import { featureOnce } from '../../source/feature-cache';
import type { Session } from '../state/session';
import { LabelEditor } from './label-editor';

interface FeatureDetailsProps {
  session: Session;
  node: number;
  relabel: (layer: number, feature: number, label: string) => void;
}

export function FeatureDetails({ session, node, relabel }: FeatureDetailsProps) {
  const source = useSource();
  const { view } = session;
  const layer = view.nodes.layer[node] as number;
  const feature = view.nodes.feature[node] as number;
  const known = Boolean(view.atlas) || !source.live;
  const loaded = useLoad(async () => {
    const info = view.atlas && source.live ? await source.atlas(view.atlas) : null;
    const encoder = encoderOf(info, layer);
    return {
      encoder,
      page: known ? await featureOnce(source, view.atlas, encoder, feature) : null,
    };
  }, [source, view.atlas, layer, feature, known]);
  const found = loaded.state === 'failed' ? undefined : loaded.value;
  const encoder = found?.encoder ?? layer;
  const label = view.nodes.label[node] ?? '';
  return (
    <div className="feature-details">
      {source.live && view.dictionary_fingerprint && (
        <LabelEditor
          dictionary={view.dictionary_fingerprint}
          encoder={encoder}
          feature={feature}
          label={label}
          saved={(text) => relabel(layer, feature, text)}
        />
      )}
      {loaded.state === 'failed' && <p className="soft small">{loaded.error.message}</p>}
      {loaded.state === 'loading' && !found && <p className="soft small">Loading …</p>}
      {found?.page && <Known page={found.page} atlas={view.atlas} />}
      {!known && <NoAtlas dictionary={view.dictionary} />}
    </div>
  );
}

/** Number of the encoder that reads a layer; without an atlas, encoders are the layers. */
function encoderOf(info: AtlasInfo | null, layer: number): number {
  const at = info?.content.encoders.findIndex((encoder) => encoder.layer === layer) ?? -1;
  return at < 0 ? layer : at;
}

function NoAtlas({ dictionary }: { dictionary: string }) {
  return (
    <div className="pane-hint small">
      <p>No atlas of this dictionary is being served, so there are no examples to show.</p>
      <p className="soft">
        Build one with{' '}
        <code>microtome atlas build {dictionary || 'DICT'} --corpus … --out FOLDER</code> and serve
        its folder too.
      </p>
    </div>
  );
}

function Known({ page, atlas }: { page: FeaturePage; atlas: string }) {
  const { encoder, feature } = page;
  return (
    <>
      <p className="small soft">
        active on {share(page.density)} of tokens · largest {figure(page.maximum)}
        {atlas && (
          <>
            {' · '}
            <Link to={{ page: 'feature', id: atlas, encoder, feature }}>
              all about {page.name} →
            </Link>
          </>
        )}
      </p>
      <div className="logit-columns">
        <Tokens title="Promotes" scores={page.top_logits} sign="positive" />
        <Tokens title="Suppresses" scores={page.bottom_logits} sign="negative" />
      </div>
      {page.bands.slice(0, 3).map((band) => (
        <section key={band.name} className="graph-band">
          <h4>
            {band.name} <span className="soft">{band.examples.length ? '' : 'no examples'}</span>
          </h4>
          {band.examples.slice(0, 5).map((example, i) => (
            <TokenText
              key={i}
              tokens={example.tokens}
              values={example.values}
              maximum={page.maximum}
              peak={example.peak}
              label={`Example ${i + 1} of ${band.name}`}
            />
          ))}
        </section>
      ))}
    </>
  );
}

function Tokens({ title, scores, sign }: { title: string; scores: TokenScore[]; sign: string }) {
  if (!scores.length) return null;
  return (
    <section>
      <h4>{title}</h4>
      <ul className={`token-chips ${sign}`}>
        {scores.slice(0, 8).map((score) => (
          <li key={score.token} title={figure(score.score)}>
            <code>{visibleToken(score.text)}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}
