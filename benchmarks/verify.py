"""How well graphs predict interventions on the real model, and how long it takes to ask.

    python benchmarks/verify.py [--prompts 100]
    python benchmarks/verify.py --model FOLDER --dictionary FOLDER --texts FILE

Prompts: held-out sums of the adder's first guise, or the beginnings of texts (a JSON-lines file
with a `text` field, or one text a line). For each, predicted against measured effects of the ten
most influential groups on the answer, and of single features on features downstream, by mode and
layer distance, beside random features. Then one graph pruned to about 200 nodes, verified by itself
for the time.

The last line is one JSON object: seconds (of the 200-node graph), r2_held, r2_frozen, r2_live
(medians over prompts, groups on the answer), r2_control (of random features, held), cosine_*,
effect_* (size of measured effects against those in held), by distance the medians, error_share (of
variance) and error_influence, believable, partly and not_believable (prompts).
"""

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from microtome.circuit import Graph, prune, trace
from microtome.circuit.verify import Verification, VerifyOptions, verify
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen import load_dictionary, load_model
from microtome.specimen.adder import world

SEED = 0
NODES = 200
TOKENS = 16
"""Of the beginning of a text."""


def adder_prompts(n: int) -> list[str]:
    held_out = world.split_pairs(SEED).held_out[:n]
    return [world.prompt(int(a), int(b)) for a, b in held_out.tolist()]


def beginnings(model: LanguageModel, file: Path, n: int) -> Iterator[str]:
    """Texts cut to some tokens; those that are too short are left out."""
    assert model.tokenizer is not None
    for line in file.read_text(encoding="utf-8").splitlines()[-n * 2 :]:
        text = json.loads(line)["text"] if line.startswith("{") else line
        ids = model.tokenizer(text)["input_ids"][:TOKENS]
        if len(ids) == TOKENS and n > 0:
            n -= 1
            yield model.tokenizer.decode(ids, skip_special_tokens=True)


def median(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return round(statistics.median(known), 4) if known else None


def pruned_to(graph: Graph, nodes: int) -> float:
    """The node threshold at which about so many nodes are left."""
    thresholds = [i / 200 for i in range(100, 201)]
    counts = {t: int(prune(graph, t).nodes.sum()) for t in thresholds}
    return min(thresholds, key=lambda t: abs(counts[t] - nodes))


def seconds(model: LanguageModel, dictionary: Dictionary, prompt: str) -> tuple[float, int]:
    """For the verification of a graph pruned to about 200 nodes."""
    graph = trace(model, prompt, dictionary)
    threshold = pruned_to(graph, NODES)
    options = VerifyOptions(node_threshold=threshold)
    started = time.perf_counter()
    verify(graph, model, dictionary, options)
    return time.perf_counter() - started, int(prune(graph, threshold).nodes.sum())


def size_of_effects(found: Verification, mode: str) -> float:
    """Root mean square of what the ten most influential groups of features do to the answer."""
    of_features = [g for g in found.groups if None not in g.effects[0].control["held"]]
    effects = [
        value
        for group in of_features[:10]
        for effect in group.effects
        for value in effect.measured[mode]
        if value is not None
    ]
    return statistics.fmean(value**2 for value in effects) ** 0.5 if effects else float("nan")


def report(found: list[Verification]) -> dict:
    out: dict = {"prompts": len(found)}
    for mode in found[0].modes:
        results = [v.modes[mode] for v in found]
        groups, controls = [r.groups for r in results], [r.groups_control for r in results]
        out[f"r2_{mode}"] = median([g.r2 for g in groups])
        out[f"cosine_{mode}"] = median([g.cosine for g in groups])
        out[f"slope_{mode}"] = median([g.slope for g in groups])
        out[f"control_{mode}"] = median([c.r2 for c in controls])
        out[f"control_cosine_{mode}"] = median([c.cosine for c in controls])
        out[f"control_slope_{mode}"] = median([c.slope for c in controls])
        print(
            f"{mode:7} groups on the answer: R2 {out[f'r2_{mode}']}, "
            f"cosine {out[f'cosine_{mode}']}, slope {out[f'slope_{mode}']}; "
            f"random: R2 {out[f'control_{mode}']}, cosine {out[f'control_cosine_{mode}']}, "
            f"slope {out[f'control_slope_{mode}']}"
        )
        sizes = [size_of_effects(v, mode) / size_of_effects(v, "held") for v in found]
        out[f"effect_{mode}"] = median(sizes)
        print(f"        effects {out[f'effect_{mode}']} of those in held")
        for distance in sorted({row.distance for r in results for row in r.by_distance}):
            rows = [w for r in results for w in r.by_distance if w.distance == distance]
            r2, control = (
                median([getattr(w, k).r2 for w in rows]) for k in ("agreement", "control")
            )
            out[f"r2_{mode}_{distance}"] = r2
            print(f"        features {distance} on: R2 {r2}; random: {control}")
        for name in ("necessity", "sufficiency"):
            pair = [
                median([getattr(r.circuit, n) for r in results]) for n in (name, f"{name}_control")
            ]
            out[f"{name}_{mode}"], out[f"{name}_{mode}_control"] = pair
            print(f"        {name} {pair[0]}; random {pair[1]}")
        cpr = [median([r.circuit.curve.cpr for r in results])]
        cpr.append(median([r.circuit.curve_control.cpr for r in results]))
        out[f"cpr_{mode}"], out[f"cpr_{mode}_control"] = cpr
        print(f"        CPR {cpr[0]}; random {cpr[1]}")
    out["error_share"] = median([statistics.fmean(v.error_by_layer) for v in found])
    out["error_influence"] = median([v.error_influence for v in found])
    print(f"errors: {out['error_share']} of variance, {out['error_influence']} of influence")
    beliefs = Counter(v.belief for v in found)
    for belief in ("believable", "partly", "not believable"):
        out[belief.replace(" ", "_")] = beliefs[belief]
    print("verdicts:", dict(beliefs))
    out["r2_control"] = out["control_held"]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=100)
    parser.add_argument("--model", default="specimen:adder")
    parser.add_argument("--dictionary", default="specimen:adder")
    parser.add_argument("--texts", type=Path)
    args = parser.parse_args()
    model, dictionary = load_model(args.model), load_dictionary(args.dictionary)
    if args.texts:
        prompts = list(beginnings(model, args.texts, args.prompts))
    else:
        prompts = adder_prompts(args.prompts)
    took, nodes = seconds(model, dictionary, prompts[0])
    print(f"a graph of {nodes} nodes verified in {took:.1f} s")
    found = []
    for number, prompt in enumerate(prompts, 1):
        try:
            found.append(verify(trace(model, prompt, dictionary), model, dictionary))
        except MicrotomeError as error:
            print(f"{prompt!r}: {error}")
        if number % 10 == 0:
            print(f"{number} of {len(prompts)}", file=sys.stderr)
    out = {"seconds": round(took, 2), "nodes": nodes} | report(found)
    print(json.dumps(out))


if __name__ == "__main__":
    main()
