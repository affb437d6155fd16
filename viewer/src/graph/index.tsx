import { Empty } from '../components/states';
import type { Source } from '../source';

interface GraphExplorerProps {
  source: Source;
  id: string;
}

export function GraphExplorer({ id }: GraphExplorerProps) {
  return <Empty title={`Graph ${id}`}>The graph explorer is not part of this build.</Empty>;
}

export function GraphCompare({ id, other }: GraphExplorerProps & { other: string }) {
  return (
    <Empty title={`Graphs ${id} and ${other}`}>The graph explorer is not part of this build.</Empty>
  );
}
