"""Documents in the format: by hand, and at random."""

import json

from hypothesis import strategies as st

from microtome.circuit.graph import Graph
from microtome.circuit.neuronpedia import (
    to_neuronpedia,
)
from microtome.circuit.prune import whole

FEATURE, ERROR = "cross layer transcoder", "mlp reconstruction error"


def again(graph: Graph, slug: str = "test") -> dict:
    """What is written of all of a graph that was read, its `info` saved as JSON between."""
    info = json.loads(json.dumps(graph.info, allow_nan=False))
    return to_neuronpedia(whole(graph.with_info(**info)), slug)


def node(kind: str, node_id: str, layer: str, position: int, feature: int, **fields) -> dict:
    return {
        "node_id": node_id,
        "feature": feature,
        "layer": layer,
        "ctx_idx": position,
        "feature_type": kind,
        "token_prob": 0.0,
        "is_target_logit": False,
        "run_idx": 0,
        "reverse_ctx_idx": 0,
        "jsNodeId": "js",
        "clerp": "",
        "influence": None,
        "activation": None,
    } | fields


def link(source: str, target: str, weight: float = 1.0) -> dict:
    return {"source": source, "target": target, "weight": weight}


def small() -> dict:
    """Two layers, canonical: features, an error, tokens, logits; links by target, then source."""
    return {
        "metadata": {
            "slug": "test", "scan": "model", "transcoder_list": [], "schema_version": 1,
            "prompt_tokens": ["a", " b"], "prompt": "a b", "node_threshold": 0.8,
        },
        "qParams": {
            "pinnedIds": ["1_4_1"], "supernodes": [["one", "0_3_1", "1_4_1"]],
            "linkType": "both", "clickedId": "", "sg_pos": "",
        },
        "nodes": [
            node(FEATURE, "0_3_1", "0", 1, 9, influence=0.5, activation=2.5, clerp="plus"),
            node(FEATURE, "1_4_1", "1", 1, 19, influence=0.25, activation=1.5),
            node(ERROR, "0_-1_0", "0", 0, -1, influence=0.75),
            node("embedding", "E_5_0", "E", 0, 0, influence=0.9),
            node("embedding", "E_6_1", "E", 1, 1, influence=1.0),
            node("logit", "3_7_1", "3", 1, 7, token_prob=0.5, is_target_logit=True,
                 clerp='Output "x" (p=0.500)'),
            node("logit", "3_8_1", "3", 1, 8, token_prob=0.25, clerp='Output "y" (p=0.250)'),
        ],
        "links": [
            link("E_6_1", "0_3_1", 1.5),
            link("0_3_1", "1_4_1", -0.5),
            link("0_-1_0", "1_4_1", 0.125),
            link("0_3_1", "3_7_1", 2.0),
            link("1_4_1", "3_7_1", 3.0),
            link("E_5_0", "3_8_1", -1.0),
        ],
    }  # fmt: skip


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.text(max_size=3)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)
REAL = st.floats(-1e6, 1e6, width=32)
LAYER = st.integers(0, 30)
OTHER = st.dictionaries(st.sampled_from(["note", "vis_link", "ü"]), JSON, max_size=1)


@st.composite
def node_lists(draw, n: int) -> list[dict]:
    """Nodes of a prompt of n tokens, in any order, their ids in both styles."""
    at = st.integers(0, n - 1)
    nodes = []
    for layer, number, i in draw(st.lists(st.tuples(LAYER, st.integers(0, 2**20), at), max_size=6)):
        name, paired = f"{layer}_{number}_{i}", draw(st.integers(-1, 2**40))
        activation = draw(REAL | st.none())
        nodes.append(node(FEATURE, name, str(layer), i, paired, activation=activation))
    for layer, i, old in draw(st.lists(st.tuples(LAYER, at, st.booleans()), max_size=4)):
        name = f"0_{layer}_{i}" if old else f"{layer}_-1_{i}"
        nodes.append(node(ERROR, name, str(layer), i, -1))
    for i in draw(st.sets(at)):
        name = draw(st.sampled_from([f"E_{i}_{i}", f"token {i}"]))
        nodes.append(node("embedding", name, "E", i, i))
    for token in draw(st.sets(st.integers(-3, 100), max_size=4)):
        probability = draw(st.floats(0, 1))
        nodes.append(node("logit", f"32_{token}_0", "32", 0, token, token_prob=probability))
    nodes = list({entry["node_id"]: entry for entry in reversed(nodes)}.values())
    for entry in nodes:
        output = f'Output "x" (p={entry["token_prob"]:.3f})'
        entry["clerp"] = draw(st.sampled_from(["", "a label", output]))
        entry["influence"] = draw(REAL | st.none())
        entry["is_target_logit"] = draw(st.booleans())
        entry |= draw(OTHER)
    return draw(st.permutations(nodes))


@st.composite
def documents(draw) -> dict:
    """Documents with every field in canonical form, except for the order of links."""
    strings = draw(st.lists(st.text(max_size=3), min_size=1, max_size=4))
    nodes = draw(node_lists(len(strings)))
    names = [entry["node_id"] for entry in nodes]
    end = st.integers(0, max(len(names) - 1, 0))
    pairs = draw(st.lists(st.tuples(end, end, REAL, OTHER), max_size=12))
    # from earlier to later nodes, so that there is no cycle
    links = [link(names[min(a, b)], names[max(a, b)], w) | x for a, b, w, x in pairs if a != b]
    ids = st.lists(st.text(max_size=6) | st.sampled_from([*names, "1_2_3"]), max_size=3)
    return {
        "metadata": {"slug": "test", "prompt_tokens": strings} | draw(OTHER),
        "qParams": {
            "pinnedIds": draw(ids),
            "supernodes": draw(st.lists(ids.filter(len), max_size=2)),
            "linkType": draw(JSON),
            "clickedId": draw(JSON),
            "sg_pos": draw(JSON),
        },
        "nodes": nodes,
        "links": links,
    } | draw(OTHER)
