import type { AtlasInfo, FeaturePage } from '../../documents';
import { AnnotationPanel } from './annotation-panel';
import { Examples } from './examples';
import { FeatureHead } from './head';
import { Logits } from './logits';
import { MiniMap } from './mini-map';
import { Neighbours } from './neighbours';
import { Operands } from './operands';
import { Activations, Positions, Tokens } from './statistics';
import { TestText } from './test-text';
import './feature.css';

interface FeatureViewProps {
  page: FeaturePage;
  /** Absent in a file: then there is neither a map nor a model to ask. */
  atlas?: AtlasInfo;
  again?: () => void;
}

/** All that an atlas knows of one feature. */
export function FeatureView({ page, atlas, again = () => undefined }: FeatureViewProps) {
  return (
    <article className="page feature-page">
      <FeatureHead page={page} atlas={atlas} />
      <div className="feature-grid">
        <div className="feature-column">
          {atlas && <AnnotationPanel key={page.id} page={page} atlas={atlas} saved={again} />}
          <Examples page={page} />
          {atlas && <TestText key={`test ${page.id}`} page={page} atlas={atlas} />}
        </div>
        <div className="feature-column statistics">
          <Activations page={page} />
          <Logits page={page} />
          <Tokens page={page} />
          <Positions page={page} />
          {atlas && <MiniMap page={page} atlas={atlas.id} />}
        </div>
        <div className="feature-column">
          {atlas && <Operands key={`operands ${page.id}`} page={page} atlas={atlas} />}
          <Neighbours page={page} atlas={atlas?.id ?? ''} />
        </div>
      </div>
    </article>
  );
}
