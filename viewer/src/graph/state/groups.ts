/** Which supernode is open beside the graph, and how nodes become one. */

import { useCallback, useState } from 'react';
import type { Supernode } from '../model/document';
import type { Session } from './session';
import { freshId } from './view';

export interface Groups {
  /** The open one. */
  open: Supernode | undefined;
  /** Whether it was made just now and waits for its name. */
  unnamed: boolean;
  show: (id: string | null) => void;
  /** Make one of nodes, by their ids, and open it. */
  make: (nodes: readonly string[]) => void;
}

export function useGroups({ state, act }: Session): Groups {
  const [at, setAt] = useState<{ id: string; unnamed: boolean } | null>(null);
  const { supernodes } = state;
  const show = useCallback((id: string | null) => setAt(id ? { id, unnamed: false } : null), []);
  const make = (nodes: readonly string[]) => {
    const id = freshId(supernodes);
    act({ do: 'group', nodes, label: `group ${supernodes.length + 1}`, id });
    act({ do: 'select', node: null });
    setAt({ id, unnamed: true });
  };
  const open = supernodes.find((s) => s.id === at?.id);
  return { open, unnamed: at?.unnamed ?? false, show, make };
}
