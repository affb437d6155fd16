import type { ReactNode } from 'react';
import type { AtlasInfo } from '../../documents';
import { count } from '../../format';
import { Link, useNavigation } from '../../navigation';
import { useShortcut } from '../../shell/shortcuts';

interface AtlasHeadProps {
  atlas: AtlasInfo;
  page: 'atlas' | 'map';
  children?: ReactNode;
}

/** The name of an atlas, what it is of, and the ways to look at it. */
export function AtlasHead({ atlas, page, children }: AtlasHeadProps) {
  const { go } = useNavigation();
  const { id, content, links } = atlas;
  useShortcut('g a', 'go to the list of features', () => go({ page: 'atlas', id }));
  useShortcut('g m', 'go to the map', () => go({ page: 'map', id }));
  const current = (of: string) => (of === page ? { 'aria-current': 'page' as const } : {});
  return (
    <header className="atlas-head">
      <h1>{atlas.name}</h1>
      <nav className="tabs-nav" aria-label="Views of the atlas">
        <Link to={{ page: 'atlas', id }} {...current('atlas')}>
          List
        </Link>
        <Link to={{ page: 'map', id }} {...current('map')}>
          Map
        </Link>
        {links.dictionary && <Link to={{ page: 'xray', id: links.dictionary }}>X-ray</Link>}
      </nav>
      <span className="soft small atlas-size">
        {count(atlas.features)} features of a {content.dictionary_kind.toUpperCase()} on{' '}
        {content.model.split('/').at(-1)}, from {count(content.tokens)} tokens
      </span>
      {content.warnings.length > 0 && (
        <details className="small atlas-notes">
          <summary>
            {content.warnings.length === 1 ? 'a note' : `${content.warnings.length} notes`}
          </summary>
          <div>
            {content.warnings.map((warning) => (
              <p key={warning}>{warning}</p>
            ))}
          </div>
        </details>
      )}
      {children}
    </header>
  );
}
