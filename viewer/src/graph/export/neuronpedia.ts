/**
 * The drawn part of a graph in Neuronpedia's format (schema version 1), with the reader's pins and
 * supernodes. Ids follow `microtome.circuit.neuronpedia`: bias and unexpanded nodes have no place
 * in the format and are left out.
 */

import type { ViewState } from '../model/document';
import {
  BIAS,
  DIRECTION,
  ERROR,
  FEATURE,
  type GraphModel,
  LOGIT,
  TOKEN,
  UNEXPANDED,
} from '../model/graph';
import type { Pruned } from '../model/prune';

const TYPES: Record<number, string> = {
  [FEATURE]: 'cross layer transcoder',
  [ERROR]: 'mlp reconstruction error',
  [TOKEN]: 'embedding',
  [LOGIT]: 'logit',
  [DIRECTION]: 'logit',
};

export function neuronpedia(model: GraphModel, pruned: Pruned, state: ViewState) {
  const { document } = model;
  const ids = Array.from({ length: model.nNodes }, (_, i) => idOf(model, i));
  const keeps = (i: number) =>
    pruned.nodes[i] === 1 && model.kind[i] !== BIAS && model.kind[i] !== UNEXPANDED;
  const kept = ids.map((_, i) => i).filter(keeps);
  const links = Array.from(pruned.edges.keys())
    .filter((e) => pruned.edges[e])
    .map((e) => [model.source[e] as number, model.target[e] as number, model.weight[e]] as const)
    .filter(([source, target]) => keeps(source) && keeps(target))
    .map(([source, target, weight]) => ({ source: ids[source], target: ids[target], weight }));
  const written = (names: readonly string[]) =>
    names
      .map((name) => model.index.get(name))
      .filter((i) => i !== undefined && keeps(i))
      .map((i) => ids[i as number] as string);
  const nKept = pruned.edges.reduce((sum, kept) => sum + kept, 0);
  return {
    metadata: {
      slug: slugOf(document.name),
      scan: document.model,
      transcoder_list: document.dictionary ? [document.dictionary] : [],
      prompt_tokens: document.strings,
      prompt: document.prompt,
      node_threshold: state.node_threshold,
      schema_version: 1,
      info: { generator: { name: 'microtome' } },
      pruning_settings: {
        node_threshold: state.node_threshold,
        edge_threshold: state.edge_threshold,
        edges_left_out: nKept - links.length,
      },
    },
    qParams: {
      pinnedIds: written(state.pinned),
      supernodes: state.supernodes
        .map((s) => [s.label, ...written(s.members)])
        .filter((group) => group.length > 1),
      linkType: 'both',
      clickedId: state.selected ? (written([state.selected])[0] ?? '') : '',
      sg_pos: '',
    },
    nodes: kept.map((i) => entryOf(model, i, ids[i] as string)),
    links,
  };
}

/** Letters and digits of a name, for files and addresses; 36 + 59 must not read like 36 - 59. */
export function slugOf(name: string): string {
  const slug = name
    .replaceAll('+', ' plus ')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
  return slug.slice(0, 80) || 'graph';
}

function idOf({ kind, layer, position, document }: GraphModel, i: number): string {
  const feature = document.nodes.feature[i];
  if (kind[i] === TOKEN) return `E_${feature}_${position[i]}`;
  if (kind[i] === ERROR) return `${layer[i]}_-1_${position[i]}`;
  if (kind[i] === FEATURE) return `${layer[i]}_${feature}_${position[i]}`;
  return `${document.n_layers + 1}_${kind[i] === DIRECTION ? -1 - i : feature}_${position[i]}`;
}

function entryOf(model: GraphModel, i: number, id: string) {
  const { nodes, n_layers: nLayers } = model.document;
  const kind = model.kind[i] as number;
  const layer = model.layer[i] as number;
  const feature = nodes.feature[i] as number;
  const isTarget = (model.start[i] as number) > 0;
  return {
    node_id: id,
    feature:
      kind === FEATURE
        ? cantor(layer, feature)
        : kind === TOKEN
          ? model.position[i]
          : featureOf(kind, feature, i),
    layer:
      kind === TOKEN ? 'E' : String(kind === LOGIT || kind === DIRECTION ? nLayers + 1 : layer),
    ctx_idx: model.position[i],
    feature_type: TYPES[kind],
    token_prob: nodes.probability[i] ?? (kind === DIRECTION ? 1 : 0),
    is_target_logit: isTarget,
    run_idx: 0,
    reverse_ctx_idx: 0,
    jsNodeId: `${id}-0`,
    clerp: clerpOf(kind, nodes.label[i] ?? '', nodes.probability[i] ?? 0),
    influence: nodes.cumulative[i],
    activation: nodes.activation[i],
  };
}

function featureOf(kind: number, feature: number, i: number): number {
  if (kind === DIRECTION) return -1 - i;
  return kind === LOGIT ? feature : -1;
}

function clerpOf(kind: number, label: string, probability: number): string {
  return kind === LOGIT ? `Output "${label}" (p=${probability.toFixed(3)})` : label;
}

/** One number for a layer and a feature. */
function cantor(layer: number, feature: number): number {
  const sum = layer + feature;
  return (sum * (sum + 1)) / 2 + feature;
}
