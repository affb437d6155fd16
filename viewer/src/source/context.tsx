import { createContext, useContext } from 'react';
import { EmbeddedSource } from './embedded';
import type { Source } from './source';

const nothing = new EmbeddedSource({ kind: 'evaluation', evaluation: [] });

export const SourceContext = createContext<Source>(nothing);

export function useSource(): Source {
  return useContext(SourceContext);
}
