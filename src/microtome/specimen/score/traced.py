"""Attribution graphs of a compiled circuit's prompts, scored against its true edges."""

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import torch
from jaxtyping import Int
from torch import Tensor

from microtome.circuit import Graph, trace
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.specimen.compiled import Inputs
from microtome.specimen.score.dictionaries import Plan, random_dictionary, train_transcoders
from microtome.specimen.score.edges import aurocs, edge_scores
from microtome.specimen.score.exact import neurons_plt
from microtome.specimen.score.options import ScoreOptions
from microtome.specimen.score.progress import Stages, silent, training_report
from microtome.specimen.score.result import Outcome, Role, Scored
from microtome.specimen.score.written import features_writing, mlp_variables

if TYPE_CHECKING:
    from microtome.specimen.score.compiled import Circuit

ARCHITECTURE = "batchtopk"
KINDS = ("plt", "clt")
EXACT = "exact PLT (neurons)"
"""The row of a dictionary without error: what is wrong in its graphs is the method's."""
_ACTIVE = 6
"""Active features per token and layer of a transcoder."""


def score_graphs(
    circuit: "Circuit", options: ScoreOptions, plan: Plan, stages: Stages = silent
) -> Scored:
    """Trace prompts of the test with a PLT and a CLT, a random PLT and the exact one, and judge
    their edges."""
    name, model = circuit.program.name, circuit.model
    title = f"{name}, seed {plan.seed}"
    mlps = [f"blocks.{i}.mlp.{end}" for end in ("in", "out") for i in range(model.n_layers)]
    x = {site: circuit.training(site) for site in mlps}
    own = replace(plan, architectures=(ARCHITECTURE,))
    report = training_report(stages, f"{title}: training transcoders")
    made = train_transcoders(x, model.n_layers, _ACTIVE, own, KINDS, model.fingerprint, report)
    random = random_dictionary(made["plt"], list(x.values()), _ACTIVE, plan.seed + 1000)
    prompts = answered_prompts(circuit.test_inputs, options.graphs, plan.seed)
    methods: list[tuple[str, Role, Dictionary]] = [
        ("graphs of a PLT", "method", made["plt"]),
        ("graphs of a CLT", "method", made["clt"]),
        ("graphs of a random PLT", "random", random),
        (EXACT, "ceiling", neurons_plt(model)),
    ]
    outcomes: list[Outcome] = []
    for i, (method, role, dictionary) in enumerate(methods):
        stages(f"{title}: tracing", i, len(methods))
        judged = judge_dictionary(circuit, dictionary, prompts, plan.seed)
        figures, shuffled = judged
        outcomes.insert(i, Outcome("edges", method, role, figures))
        if i == 0 and shuffled:
            outcomes.append(Outcome("edges", "shuffled variables", "shuffled", shuffled))
    return Scored(name, tuple(outcomes), {"edges": {"auroc": 0.5, "auroc_shown": 0.5}})


def judge_dictionary(
    circuit: "Circuit", dictionary: Dictionary, prompts: list[Tensor], seed: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Figures of the graphs that a dictionary gives, and of those with shuffled variables."""
    meanings = features_writing(circuit.model, dictionary, circuit.truth, circuit.tensors)
    graphs = [answer_graph(circuit, prompt, dictionary) for prompt in prompts]
    scores = edge_scores(graphs, circuit.truth, meanings)
    found, shuffled = aurocs(scores, circuit.truth, circuit.model.n_layers, seed)
    shares = {"matched": scores.matched}
    if inner := mlp_variables(circuit.truth):
        shares["variables"] = sum(v.name in scores.shown for v in inner) / len(inner)
    return found | shares, shuffled


def answer_graph(circuit: "Circuit", prompt: Tensor, dictionary: Dictionary) -> Graph:
    """The graph of the answer that the model gives."""
    answer = int(circuit.model.run(prompt).logits[0, -1].argmax())
    return trace(circuit.model, prompt, dictionary, answer)


def answered_prompts(inputs: Inputs, n: int, seed: int) -> list[Int[Tensor, "1 position"]]:
    """Beginnings of random texts, each up to a token that the program answers."""
    random = Random(seed)
    order = list(range(len(inputs)))
    random.shuffle(order)
    found = []
    for row in order:
        ends = (inputs.targets[row] >= 0).nonzero()[0].tolist()
        if ends and len(found) < n:
            end = random.choice(ends)
            found.append(torch.tensor(inputs.tokens[row : row + 1, : end + 1]))
    if not found:
        raise MicrotomeError("no text of the program has an answer, so there is nothing to trace")
    return found
