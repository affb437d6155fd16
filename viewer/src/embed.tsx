/** The viewer inside a file or a notebook cell: one document, no server. */
import { type RefObject, useMemo } from 'react';
import { createRoot } from 'react-dom/client';
import { EmbeddedPage } from './embedded-page';
import { HashNavigation, MemoryNavigation } from './navigation';
import { ShortcutProvider } from './shell/shortcuts';
import { EmbeddedSource, SourceContext } from './source';
import type { ExportDocument } from './documents';
import { type Theme, ThemeProvider } from './theme/theme';
import './theme/tokens.css';
import './theme/base.css';
import './shell/shell.css';
import './embed.css';

export interface MountOptions {
  /** As the system has it, unless given. */
  theme?: Theme;
  /** The viewer has the whole page: it may use its address and all its keys. */
  page?: boolean;
}

/** Shows a document in an element; the answer takes it away again. */
export function mount(
  element: HTMLElement,
  document: ExportDocument,
  options: MountOptions = {},
): () => void {
  element.classList.add('microtome', 'embedded');
  element.classList.toggle('whole-page', options.page ?? false);
  const root = createRoot(element);
  root.render(<Embedded element={element} document={document} options={options} />);
  return () => root.unmount();
}

interface EmbeddedProps {
  element: HTMLElement;
  document: ExportDocument;
  options: MountOptions;
}

function Embedded({ element, document, options }: EmbeddedProps) {
  const source = useMemo(() => new EmbeddedSource(document), [document]);
  const root = useMemo<RefObject<HTMLElement | null>>(() => ({ current: element }), [element]);
  const Navigation = options.page ? HashNavigation : MemoryNavigation;
  return (
    <SourceContext value={source}>
      <ThemeProvider root={root} start={options.theme}>
        <ShortcutProvider within={options.page ? undefined : root}>
          <Navigation>
            <EmbeddedPage document={document} source={source} />
          </Navigation>
        </ShortcutProvider>
      </ThemeProvider>
    </SourceContext>
  );
}

/** The document of a single file, from its script element. */
export function mountPage(): void {
  const script = window.document.getElementById('microtome-document');
  const element = window.document.getElementById('microtome');
  if (!script || !element) throw new Error('The file has no document to show.');
  mount(element, JSON.parse(script.textContent ?? '') as ExportDocument, { page: true });
}
