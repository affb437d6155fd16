"""The truth: what it says of variables is in the model, and its edges are the program's."""

import json
from pathlib import Path

import torch

from microtome.specimen.compiled import (
    Compiled,
    ground_truth,
    read_values,
    sample_inputs,
)
from microtome.specimen.compiled.programs import find_program
from microtome.specimen.truth_tensors import check_tensors
from tests.specimen.compiled.conftest import compiled_once


def test_every_direction_reads_its_label_in_the_model(compiled: Compiled):
    truth, tensors = ground_truth(compiled, sample_inputs(compiled.program, 100, seed=6))
    check_tensors(truth, tensors, "the truth")
    run = compiled.language_model()
    read = 0
    for variable in truth.variables:
        if variable.directions is None or variable.labels is None:
            continue
        x = run.capture(tensors["tokens"].long(), [variable.site])
        found = read_values(next(iter(x.values())), tensors[variable.directions])
        labels = tensors[variable.labels]
        known = labels >= 0
        assert bool((found == labels)[known].all()), variable.name
        assert int(known.sum()) > 100
        read += 1
    assert read >= 5


def test_what_is_promised_is_the_label_of_the_next_token(compiled: Compiled):
    inputs = sample_inputs(compiled.program, 100, seed=7)
    _, tensors = ground_truth(compiled, inputs)
    targets = torch.tensor(inputs.targets)
    promised = targets >= 0
    assert bool((tensors["labels.next token"] == targets)[promised].all())


def test_padding_has_no_labels(compiled: Compiled):
    inputs = sample_inputs(compiled.program, 50, seed=8)
    _, tensors = ground_truth(compiled, inputs)
    behind = torch.arange(inputs.tokens.shape[1]) >= torch.tensor(inputs.lengths)[:, None]
    for name, labels in tensors.items():
        if name.startswith("labels."):
            assert bool((labels[behind] == -1).all()), name


def test_edges_lead_from_text_to_next_token(compiled: Compiled):
    truth, _ = ground_truth(compiled, sample_inputs(compiled.program, 2))
    reached, before = {"text", "position", "start"}, set()
    while reached != before:
        before = set(reached)
        reached |= {edge.target for edge in truth.edges if edge.source in reached}
    assert reached >= {variable.name for variable in truth.variables}
    heads = {(e.layer, e.head) for e in truth.edges if e.via in ("attention", "selection")}
    assert all(layer is not None and head is not None for layer, head in heads)


def test_it_fits_the_published_schema(compiled: Compiled):
    import jsonschema

    schema = Path(__file__).parents[3] / "docs" / "schemas" / "truth.schema.json"
    truth, _ = ground_truth(compiled, sample_inputs(compiled.program, 2))
    jsonschema.validate(json.loads(truth.model_dump_json()), json.loads(schema.read_text()))


def edges_of(name: str) -> set[tuple[str, str, str]]:
    truth, _ = ground_truth(compiled_once(name), sample_inputs(find_program(name), 2))
    return {(edge.source, edge.via, edge.target) for edge in truth.edges}


def test_what_is_carried_and_what_selects_are_told_apart():
    found = edges_of("induction")
    assert found == {
        ("text", "embedding", "token"),
        ("token", "attention", "previous"),
        ("position", "selection", "previous"),
        ("start", "selection", "previous"),
        ("token", "attention", "next"),
        ("token", "selection", "next"),  # the same variable is carried and selects
        ("previous", "selection", "next"),
        ("start", "selection", "next"),
        ("next", "unembedding", "next token"),
    }


def test_a_head_that_counts_carries_start():
    shared = "attention shared by no larger"
    into = {(source, via) for source, via, target in edges_of("sort") if target == shared}
    assert {source for source, via in into if via == "attention"} == {"start"}
    assert ("start", "selection") in into


def test_values_of_heads_read_what_they_carry_alone(compiled: Compiled):
    """The head's values read what has an edge via attention, and nothing of what only selects."""
    truth, _ = ground_truth(compiled, sample_inputs(compiled.program, 2))
    for edge in truth.edges:
        if edge.via != "selection":
            continue
        assert edge.layer is not None and edge.head is not None
        head = compiled.weights.layers[edge.layer].heads[edge.head]
        carried = {
            e.source
            for e in truth.edges
            if (e.via, e.layer, e.head) == ("attention", edge.layer, edge.head)
        }
        vectors = compiled.plan.vectors(edge.source)
        values = (vectors - vectors.mean(0)) @ head.value
        assert (float(values.abs().max()) > 1e-6) == (edge.source in carried)
