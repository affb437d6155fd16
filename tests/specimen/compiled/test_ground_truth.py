"""The truth: what it says of variables is in the model, and its edges are the program's."""

import json
from pathlib import Path

import torch

from microtome.specimen.compiled import Compiled, ground_truth, read_values, sample_inputs
from microtome.specimen.truth_tensors import check_tensors


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
    heads = {(e.layer, e.head) for e in truth.edges if e.via == "attention"}
    assert all(layer is not None and head is not None for layer, head in heads)


def test_it_fits_the_published_schema(compiled: Compiled):
    import jsonschema

    schema = Path(__file__).parents[3] / "docs" / "schemas" / "truth.schema.json"
    truth, _ = ground_truth(compiled, sample_inputs(compiled.program, 2))
    jsonschema.validate(json.loads(truth.model_dump_json()), json.loads(schema.read_text()))
