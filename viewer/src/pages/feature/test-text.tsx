import { type FormEvent, useMemo, useState } from 'react';
import { Progress } from '../../components/progress';
import { TokenText } from '../../components/token-text';
import type { AtlasInfo, FeaturePage, XRay } from '../../documents';
import { figure } from '../../format';
import { useJob } from '../../source';
import { activationsOf } from '../../xray';

/** The feature's activation on every token of a text that the reader types. */
export function TestText({ page, atlas }: { page: FeaturePage; atlas: AtlasInfo }) {
  const [text, setText] = useState('');
  const { status, start, cancel } = useJob<XRay>();
  const { model, dictionary } = atlas.links;
  if (!model || !dictionary) {
    const missing = model ? 'dictionary' : 'model';
    return (
      <section className="card" aria-label="Test on my text">
        <h2>Test on my text</h2>
        <p className="soft">
          Its {missing} is not among what is served; add the folder with the {missing} to{' '}
          <code>microtome serve</code>.
        </p>
      </section>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim()) start({ kind: 'xray', model, dictionary, text });
  };
  return (
    <section className="card" aria-label="Test on my text">
      <h2>Test on my text</h2>
      <form className="test-form" onSubmit={submit}>
        <textarea
          aria-label="Text to test"
          placeholder="Type a text: which of its tokens is the feature active on?"
          rows={2}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => event.key === 'Enter' && event.ctrlKey && submit(event)}
        />
        <button type="submit" className="primary" disabled={!text.trim()} title="Ctrl Enter">
          Test
        </button>
      </form>
      <Progress status={status} cancel={cancel} />
      {status.state === 'done' && <Result xray={status.result} page={page} />}
    </section>
  );
}

function Result({ xray, page }: { xray: XRay; page: FeaturePage }) {
  const values = useMemo(() => activationsOf(xray, page.encoder, page.feature), [xray, page]);
  const largest = Math.max(0, ...values);
  return (
    <>
      <TokenText
        label="Activations on the text"
        tokens={xray.tokens}
        values={values}
        maximum={Math.max(page.maximum, largest)}
        {...(largest > 0 ? { peak: values.indexOf(largest) } : {})}
      />
      <p className="small soft">
        {largest > 0
          ? `Active on ${values.filter((v) => v > 0).length} of ${values.length} tokens; largest ${figure(largest)}, against ${figure(page.maximum)} in the atlas.`
          : `Not active on any of the ${values.length} tokens.`}
      </p>
    </>
  );
}
