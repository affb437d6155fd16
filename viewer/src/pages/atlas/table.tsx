import { FeatureLink } from '../../components/feature-card';
import { SourceMark } from '../../components/label';
import { Empty, Failed, Loading } from '../../components/states';
import { VirtualList } from '../../components/virtual-list';
import type { AtlasInfo, FeatureRow } from '../../documents';
import { count, figure, percent } from '../../format';
import { useNavigation } from '../../navigation';
import { useRows, type Wanted } from './rows';

const ROW_HEIGHT = 34;

interface FeatureTableProps {
  atlas: AtlasInfo;
  wanted: Wanted;
}

export function FeatureTable({ atlas, wanted }: FeatureTableProps) {
  const { go } = useNavigation();
  const { total, error, rowAt, need } = useRows(atlas.id, wanted);
  if (error) return <Failed error={error} />;
  if (total === undefined) return <Loading what="Reading features" />;
  if (total === 0) return <NoneFound wanted={wanted} />;
  const scored = wanted.way !== 'label' && wanted.find !== '';
  const open = (index: number) => {
    const row = rowAt(index);
    if (row) go({ page: 'feature', id: atlas.id, encoder: row.encoder, feature: row.feature });
  };
  return (
    <div className={`feature-table ${scored ? 'scored' : ''}`}>
      <div className="feature-row feature-row-head small soft">
        <span>Feature</span>
        <span>Label</span>
        <span />
        <span className="number">Active on</span>
        <span className="number">Largest</span>
        {scored && <span className="number">Score</span>}
      </div>
      <VirtualList
        length={total}
        rowHeight={ROW_HEIGHT}
        label={`${count(total)} features`}
        visible={need}
        open={open}
        opensOnClick
        row={(i) => <Row row={rowAt(i)} atlas={atlas.id} scored={scored} />}
      />
      <p className="small soft feature-count" role="status">
        {count(total)} {total === 1 ? 'feature' : 'features'}
      </p>
    </div>
  );
}

interface RowProps {
  row: FeatureRow | undefined;
  atlas: string;
  scored: boolean;
}

function Row({ row, atlas, scored }: RowProps) {
  if (!row) return <div className="feature-row soft">…</div>;
  return (
    <div className="feature-row">
      <span role="gridcell" className="mono">
        <FeatureLink atlas={atlas} row={row}>
          {row.name}
        </FeatureLink>
      </span>
      <span role="gridcell" className="feature-row-label" title={row.label}>
        {row.label || <span className="soft">no label</span>}
      </span>
      <span role="gridcell">
        <SourceMark source={row.label_source} />
      </span>
      <span role="gridcell" className="number">
        {row.density > 0 ? percent(row.density) : <span className="soft">never</span>}
      </span>
      <span role="gridcell" className="number">
        {row.density > 0 ? figure(row.maximum) : ''}
      </span>
      {scored && (
        <span role="gridcell" className="number">
          {figure(row.score)}
        </span>
      )}
    </div>
  );
}

function NoneFound({ wanted }: { wanted: Wanted }) {
  if (!wanted.find) return <Empty title="No feature is in this selection" />;
  if (wanted.way === 'token') {
    return (
      <Empty title={`No feature is often active on “${wanted.find}”`}>
        A token has to be as the model has it; many begin with a space.
      </Empty>
    );
  }
  return (
    <Empty title={`No label has “${wanted.find}”`}>
      Labels are short; try one word of it, or search by token.
    </Empty>
  );
}
