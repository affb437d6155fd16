"""Every family: is the graph what the model does?

    python benchmarks/exactness.py [--reference FOLDER]

Tiny random models with non-zero biases and non-unit norms. With --reference, a folder that holds
`models/stories260K` and `fixtures/circuit-tracer-*`, edges are also compared with graphs that
circuit-tracer computed. The last line is one JSON object: families, logits_identical,
generation_identical, worst_residual_float64, worst_residual_float32, worst_effect (edge against
direct effect, over the largest edge), effects (edges tested), worst_qk (pairs of sources against
the score), worst_ov (parts by head against the edge), scores and split_edges (tested),
reference_edges and reference_disagreement (worst |difference| over the largest edge of the row),
null without --reference.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.circuit.dictionaries import KINDS, tiny_dictionary
from tests.circuit.exactness import conservation, measure
from tests.circuit.reference import FIXTURES, compare
from tests.model.families import FAMILIES, HEADS, LAYERS, tiny_model, tokens

from microtome.circuit import build_replacement, heads_of_graph, qk_attribution, trace


def same_logits(family: str) -> bool:
    model = tiny_model(family, torch.float32)
    with torch.no_grad():
        plain = model.hf(tokens(), use_cache=False).logits
    stream = [f"blocks.1.{kind}" for kind in ("resid.pre", "attn.out", "mlp.in", "mlp.out")]
    captured = model.run(tokens(), stream).logits
    return torch.equal(model.run(tokens()).logits, plain) and torch.equal(captured, plain)


def same_generation(family: str) -> bool:
    model = tiny_model(family)
    cached, plain = (model.generate(tokens(5), 12, use_cache=use) for use in (True, False))
    return torch.equal(cached, plain)


def attention(family: str, kind: str) -> tuple[float, float, int, int]:
    """Worst relative error of scores and of edges that are split; how many of each."""
    model = tiny_model(family)
    dictionary = tiny_dictionary(model, kind)
    replacement = build_replacement(model, dictionary, tokens())
    places = [
        (layer, head, key) for layer in range(LAYERS) for head in range(HEADS) for key in (6, 7)
    ]
    scores = [
        qk_attribution(model, replacement, layer, head, -1, key).residual
        for layer, head, key in places
    ]
    split = heads_of_graph(model, replacement, trace(model, tokens(), dictionary))
    return max(scores), split.residual, len(scores), split.n_edges


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", type=Path)
    arguments = parser.parse_args()
    table = Table(box=None, header_style="dim")
    for name in (
        "family",
        "logits",
        "generation",
        "kind",
        "float64",
        "float32",
        "effect",
        "QK",
        "OV",
    ):
        table.add_column(name)
    float64, float32, effects, qk, ov = [], [], [], [], []
    tested = scores = split = 0
    logits = {family: same_logits(family) for family in FAMILIES}
    generation = {family: same_generation(family) for family in FAMILIES}
    for family in FAMILIES:
        for kind in KINDS:
            exactness = measure(family, kind)
            float64.append(exactness.residual)
            float32.append(conservation(family, kind, torch.float32)[0])
            effects.append(exactness.effect)
            tested += exactness.effects
            worst_qk, worst_ov, n_scores, n_split = attention(family, kind)
            qk.append(worst_qk)
            ov.append(worst_ov)
            scores, split = scores + n_scores, split + n_split
            head = (family, *("same" if x[family] else "DIFFER" for x in (logits, generation)))
            figures = (f"{x[-1]:.1e}" for x in (float64, float32, effects, qk, ov))
            table.add_row(*(head if kind == KINDS[0] else ("", "", "")), kind, *figures)
    Console(width=100, file=sys.stdout).print(table)
    edges, disagreement = 0, None
    if arguments.reference:
        results = [compare(arguments.reference, f, n) for f in FIXTURES for n in range(3)]
        edges = sum(result.edges for result in results)
        disagreement = max(result.worst for result in results)
        for result in results:
            print(f"{result.name}: {result.edges:,} edges, worst {result.worst:.1e}")
    print(
        json.dumps(
            {
                "families": len(FAMILIES),
                "logits_identical": all(logits.values()),
                "generation_identical": all(generation.values()),
                "worst_residual_float64": max(float64),
                "worst_residual_float32": max(float32),
                "worst_effect": max(effects),
                "effects": tested,
                "worst_qk": max(qk),
                "worst_ov": max(ov),
                "scores": scores,
                "split_edges": split,
                "reference_edges": edges or None,
                "reference_disagreement": disagreement,
            }
        )
    )


if __name__ == "__main__":
    main()
