"""A dictionary or a graph from elsewhere, scored against a truth.

Seeds split one sample in different ways, or shuffle names: figures over them have no interval.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.specimen.entry import PREFIX
from microtome.specimen.score.result import Outcome, Scoreboard, Scored, notes_on, tabulate
from microtome.specimen.truth import Truth

if TYPE_CHECKING:
    from microtome.circuit import Graph
    from microtome.model import LanguageModel


def score_dictionary(
    dictionary: Dictionary,
    truth: str,
    model: "LanguageModel | None" = None,
    seeds: tuple[int, ...] = (0, 1, 2),
    texts: int = 4000,
) -> Scoreboard:
    """Score one dictionary, in whatever format it came, against a truth.

    A synthetic truth: its directions and the firings of its sample. Any other: the coverage of
    its labelled variables by every encoder, each asked for the variables that the stream holds
    where it reads. Seeds decide which texts are for the test, the baselines and the controls.

    Args:
        dictionary: to score.
        truth: name of a specimen, or the folder of a truth.
        model: that the dictionary reads; not for a synthetic truth.
        seeds: of splits and controls.
        texts: that are read, at most.

    Raises:
        MicrotomeError: the dictionary does not fit the truth or the model, or the truth has
            nothing to score it by.
    """
    from microtome.specimen.load import load_truth

    known, tensors = load_truth(truth)
    dictionary.check_finite()
    if known.kind == "synthetic":
        if model is not None:
            raise MicrotomeError(
                f"the truth of {known.specimen} is of synthetic activations, which are of no "
                f"model; leave --model out"
            )
        by_seed = [_on_directions(dictionary, known, tensors, seed) for seed in seeds]
    else:
        if model is None:
            raise MicrotomeError(f"the truth of {known.specimen} is of a model; name it")
        by_seed = [_on_labels(dictionary, model, known, tensors, seed, texts) for seed in seeds]
    config = {"dictionary": dictionary.name, "truth": known.specimen, "seeds": list(seeds)}
    config |= {"texts": texts, "model": model.name if model else None}
    return _board(known.specimen, by_seed, seeds, config)


def _board(
    title: str, by_seed: Sequence[Scored], seeds: tuple[int, ...], config: Mapping[str, Any]
) -> Scoreboard:
    tables = tabulate(title, by_seed, splits=True)
    return Scoreboard(tuple(tables), seeds, config, tuple(notes_on(title, by_seed)), splits=True)


def _on_directions(
    dictionary: Dictionary, truth: Truth, tensors: Mapping[str, Tensor], seed: int
) -> Scored:
    from microtome.specimen.score.synthetic import score_directions

    directions = tensors["directions"].float()
    if len(dictionary.encoders) != 1 or dictionary.d_in != directions.shape[1]:
        raise MicrotomeError(
            f"{dictionary.name} has {len(dictionary.encoders)} encoders of width "
            f"{dictionary.d_in}, but the truth of {truth.specimen} has directions of width "
            f"{directions.shape[1]} at one site; train an SAE on its activations"
        )
    if "activations" not in tensors or len(tensors["activations"]) < 3:
        raise MicrotomeError(
            f"the truth of {truth.specimen} has no sample of activations to score a dictionary "
            f"on, or fewer than three; make it with microtome specimen synthetic"
        )
    if not bool(dictionary.decoders[0].weight.isfinite().all()):
        raise MicrotomeError(f"{dictionary.name}: the decoder is not finite; train it again")
    x = tensors["activations"].float()
    fires = torch.zeros(len(x), len(directions), dtype=torch.bool)
    fires[tensors["firing_row"].long(), tensors["firing_direction"].long()] = True
    # a third of the rows fits baselines; all others are split to choose and to measure
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    training, rest = order[: len(x) // 3], order[len(x) // 3 :]
    ready = dictionary.to("cpu", torch.float32)
    (codes,) = ready.encode([x[rest]])
    k = max(1, round(codes.n_active / max(len(rest), 1)))
    scored = score_directions(
        {dictionary.name: ready}, x[rest], fires[rest], directions, x[training], k, seed
    )
    return Scored(truth.specimen, scored.outcomes, scored.chance)


def _on_labels(
    dictionary: Dictionary,
    model: "LanguageModel",
    truth: Truth,
    tensors: Mapping[str, Tensor],
    seed: int,
    texts: int,
) -> Scored:
    from microtome.specimen.score.by_layer import score_encoders
    from microtome.specimen.score.labels import labelled_tokens

    labelled = labelled_tokens(truth, tensors, texts, seed)
    return score_encoders(dictionary.to("cpu", torch.float32), model, truth, labelled, seed)


def score_graph(
    graph: "Graph",
    truth: str,
    dictionary: Dictionary | None = None,
    model: "LanguageModel | None" = None,
    seeds: tuple[int, ...] = (0, 1, 2),
    texts: int = 4000,
) -> Scoreboard:
    """Score the edges of one attribution graph against a truth's circuit.

    What a feature node stands for is found by its dictionary: by its decoder where the truth knows
    directions, otherwise on labelled tokens; for a graph without one, by its label: the name of a
    variable, alone or before "=".

    Args:
        graph: of any format that `microtome.circuit.load_graph` reads.
        truth: name of a specimen, or the folder of a truth.
        dictionary: of the graph's features.
        model: that it reads; a dictionary needs it.
        seeds: of the shuffles.
        texts: of the truth that are read to match features, at most.

    Raises:
        MicrotomeError: the truth has no edges, no node stands for a variable, or the circuit
            gives no pair to tell apart; the graph is of another dictionary or another model, or a
            dictionary has no model.
    """
    from microtome.specimen.load import load_truth
    from microtome.specimen.score.edges import aurocs, check_has_edges, edge_scores
    from microtome.specimen.score.labels import labelled_tokens
    from microtome.specimen.score.matching import match_by_label, match_features
    from microtome.specimen.score.written import features_writing, knows_directions

    known, tensors = load_truth(truth)
    check_has_edges(known)
    _check_is_of(graph, dictionary, model)
    title = known.specimen
    by_seed = []
    for seed in seeds:
        if dictionary is not None and model is not None:
            ready = dictionary.to("cpu", torch.float32)
            if knows_directions(known):
                meanings = features_writing(model, ready, known, tensors)
            else:
                labelled = labelled_tokens(known, tensors, texts, seed)
                meanings = match_features(model, ready, known, labelled)
        else:
            meanings = match_by_label(_labels(graph), known)
        scores = edge_scores([graph], known, meanings)
        found, shuffled = aurocs(scores, known, graph.n_layers, seed)
        if "auroc" not in found or not scores.matched:
            raise MicrotomeError(_why_not(known, dictionary is not None, bool(scores.matched)))
        outcomes = (
            Outcome("edges", "graph", "method", found | {"matched": scores.matched}),
            Outcome("edges", "shuffled variables", "shuffled", shuffled),
        )
        chance = {"auroc": 0.5, "auroc_shown": 0.5}
        by_seed.append(Scored(title, outcomes, {"edges": chance}))
    config = {"graph": graph.prompt.text, "truth": title, "seeds": list(seeds), "texts": texts}
    config |= {"dictionary": dictionary.name if dictionary else None}
    config |= {"model": model.name if model else None}
    return _board(title, by_seed, seeds, config)


def _check_is_of(
    graph: "Graph", dictionary: Dictionary | None, model: "LanguageModel | None"
) -> None:
    """Refuse a dictionary or a model that a graph says it is not of: its features would be others.

    Raises:
        MicrotomeError: names both fingerprints; or a dictionary has no model to be matched in.
    """
    if dictionary is not None and model is None:
        raise MicrotomeError(
            f"what features of {dictionary.name} stand for is found in the model that it reads; "
            f"name the model"
        )
    for what, given in (("dictionary", dictionary), ("model", model)):
        of = graph.info.get(f"{what}_fingerprint")
        if given is not None and of and of != given.fingerprint:
            raise MicrotomeError(
                f"the graph was traced with the {what} {graph.info.get(what, '')} ({of}), and "
                f"{given.name} is another ({given.fingerprint}); name the one of the graph"
            )


def _labels(graph: "Graph") -> list[tuple[tuple[int, int], str]]:
    nodes = graph.nodes
    return [
        ((int(nodes.layer[i]), int(nodes.feature[i])), nodes.label[i])
        for i in nodes.where("feature").tolist()
    ]


def _why_not(truth: Truth, has_dictionary: bool, matched: bool) -> str:
    if matched:
        return f"every pair that the circuit of {truth.specimen} permits is true, or none is"
    if has_dictionary:
        return (
            f"no feature of the graph stands for a variable of {truth.specimen}; "
            f"is it of this model and this dictionary?"
        )
    names = ", ".join(v.name for v in truth.variables)
    return (
        f"no label of the graph's features names a variable of {truth.specimen} ({names}); pass "
        f"--dictionary to match features by what they tell"
    )


def model_of(truth: str, model: str | None) -> str:
    """The model that a truth is of: the specimen's, or of a folder the one that is named or `model`
    beside it.

    Args:
        truth: `specimen:NAME`, or a folder: see `truth_name`.
        model: for a folder alone.

    Raises:
        MicrotomeError: there is none, or one is named for a specimen.
    """
    if truth.startswith(PREFIX):
        from microtome.specimen.registry import find_part

        if model is not None:
            raise MicrotomeError(
                f"--model names the model that the folder of a truth is of, and {truth} is a "
                f"specimen; leave it out"
            )
        return find_part(truth.removesuffix("/truth"), "model").full_name
    if model is not None:
        return model
    beside = Path(truth).parent / "model"
    if beside.is_dir():
        return str(beside)
    raise MicrotomeError(f"{truth} does not say which model it is of; pass --model")
