import { Empty, When } from '../../components/states';
import type { EvaluationDocument } from '../../documents';
import { useLoad, useSource } from '../../source';
import { isReport } from './report';
import { ReportView } from './view';
import './evaluation.css';

/** What was measured of one or several dictionaries. */
export function EvaluationPage({ id }: { id: string }) {
  const source = useSource();
  const loaded = useLoad((signal) => source.evaluation(id, signal), [source, id]);
  return (
    <When of={loaded} what="Reading the evaluation">
      {(documents) => <EvaluationView documents={documents} />}
    </When>
  );
}

export function EvaluationView({ documents }: { documents: EvaluationDocument[] }) {
  const reports: unknown[] = documents;
  const known = reports.filter(isReport);
  if (known.length === 0) {
    return (
      <Empty
        title="This is no evaluation that the viewer knows"
        commands={['microtome evaluate DICT --corpus texts.jsonl --out evaluation']}
      >
        It lacks the parts that `microtome evaluate` writes; evaluate the dictionary anew.
      </Empty>
    );
  }
  return (
    <div className="page evaluation-page">
      {known.map((report) => (
        <ReportView key={report.dictionary} report={report} />
      ))}
    </div>
  );
}
