import { useCallback, useEffect, useRef, useState } from 'react';
import type { FeatureList, FeatureRow } from '../../documents';
import { type Source, useSource } from '../../source';
import type { Way } from './atlas';

export interface Wanted {
  way: Way;
  find: string;
  sort: string;
  layer: string;
  cluster: string;
}

const BLOCK = 100;
const SEARCH_LIMIT = 500;

export interface Rows {
  total: number | undefined;
  error: Error | undefined;
  rowAt: (index: number) => FeatureRow | undefined;
  /** Fetches what is not there yet. */
  need: (from: number, to: number) => void;
}

/** Features in a list, fetched block by block as they come into view. */
export function useRows(atlas: string, wanted: Wanted): Rows {
  const source = useSource();
  const asked = useRef(new Set<number>());
  const stop = useRef<AbortController>(undefined);
  const [rows, setRows] = useState<ReadonlyMap<number, FeatureRow>>(new Map());
  const [total, setTotal] = useState<number>();
  const [error, setError] = useState<Error>();
  const { way, find, sort, layer, cluster } = wanted;

  const ask = useCallback(
    (block: number) => {
      if (asked.current.has(block)) return;
      asked.current.add(block);
      const signal = stop.current?.signal;
      fetchBlock(source, atlas, { way, find, sort, layer, cluster }, block, signal).then(
        (list) => {
          if (signal?.aborted) return;
          setTotal(list.total);
          setRows((before) => joined(before, block * BLOCK, list.rows));
        },
        (problem: Error) => !signal?.aborted && setError(problem),
      );
    },
    [source, atlas, way, find, sort, layer, cluster],
  );

  useEffect(() => {
    const controller = new AbortController();
    stop.current = controller;
    asked.current = new Set();
    ask(0);
    return () => controller.abort();
  }, [ask]);

  const need = useCallback(
    (from: number, to: number) => {
      if (total === undefined || (way !== 'label' && find)) return;
      const last = Math.floor(Math.max(0, Math.min(to, total) - 1) / BLOCK);
      for (let block = Math.floor(from / BLOCK); block <= last; block++) ask(block);
    },
    [ask, total, way, find],
  );

  return { total, error, rowAt: (index) => rows.get(index), need };
}

function fetchBlock(
  source: Source,
  atlas: string,
  wanted: Wanted,
  block: number,
  signal: AbortSignal | undefined,
): Promise<FeatureList> {
  const { way, find, sort, layer, cluster } = wanted;
  if (way !== 'label' && find) {
    return source.search(atlas, { [way]: find, limit: SEARCH_LIMIT }, signal);
  }
  const query = {
    q: find,
    sort,
    layer: layer === '' ? undefined : Number(layer),
    cluster: cluster === '' ? undefined : Number(cluster),
    limit: BLOCK,
    offset: block * BLOCK,
  };
  return source.features(atlas, query, signal);
}

function joined(
  before: ReadonlyMap<number, FeatureRow>,
  start: number,
  rows: FeatureRow[],
): ReadonlyMap<number, FeatureRow> {
  const next = new Map(before);
  rows.forEach((row, i) => next.set(start + i, row));
  return next;
}
