import { useEffect, useState } from 'react';
import { Progress } from '../../components/progress';
import { NoModel, Weights } from '../../components/weights';
import type { EntryDetail, Heads, Library } from '../../documents';
import { useParameter } from '../../navigation';
import { useJob } from '../../source';
import { HeadLists } from './detail';
import { HeadTable } from './table';
import './heads.css';

interface HeadsDeskProps {
  dictionary: EntryDetail;
  library: Library;
  choose: (dictionary: string) => void;
}

/** The model and the dictionary; the table of heads; one head's features. */
export function HeadsDesk({ dictionary, library, choose }: HeadsDeskProps) {
  const [model, setModel] = useState(dictionary.links.model ?? '');
  const [head, setHead] = useParameter('head');
  const { status, start, cancel } = useJob<Heads>();
  useEffect(() => {
    if (model) start({ kind: 'heads', model, dictionary: dictionary.id });
  }, [start, model, dictionary.id]);
  return (
    <div className="page heads-page">
      <header className="page-head">
        <h1>Heads</h1>
        <span className="soft">what attention heads read, copy and take away, in features</span>
      </header>
      <div className="heads-choices">
        <Weights
          library={library}
          dictionary={dictionary.id}
          chooseDictionary={choose}
          model={model}
          chooseModel={setModel}
        />
      </div>
      <NoModel library={library} need="heads are a model’s" />
      <Progress status={status} cancel={cancel} />
      {status.state === 'done' && (
        <HeadTable heads={status.result.heads} chosen={head} choose={setHead} />
      )}
      {status.state === 'done' && head && (
        <HeadLists
          key={`${model} ${head}`}
          model={model}
          dictionary={dictionary.id}
          atlas={dictionary.links.atlas ?? ''}
          head={head}
        />
      )}
    </div>
  );
}
