"""Every format written and read back: what it holds comes back equal, the rest is refused."""

import json
from dataclasses import replace

import pytest
import torch

from microtome.dictionary import Decoder, load_dictionary
from microtome.dictionary.formats import FORMATS, save_as
from tests.dictionary.formats.layers import ACTIVATIONS, HOLDS, KINDS, D, F, only, refused, sample


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    ("kind", "one"), [(k, one) for k in KINDS for one in (False, True) if "clt" not in k or not one]
)
@pytest.mark.parametrize("to", FORMATS)
def test_what_a_format_holds_comes_back_and_the_rest_is_refused(
    tmp_path, to, kind, activation, one
):
    d, path = sample(kind, activation), tmp_path / "made" / "d"
    d = only(d, 0) if one else d
    if (kind, activation) not in HOLDS[to]:
        refused(d, path, to, f"{to}.* holds .*; sample (is|has) .*, so choose another format")
        assert not path.parent.exists()
        return
    save_as(d, path, to)
    read = load_dictionary(path)
    xs = [torch.randn(40, D) for _ in d.reads]
    for found, expected in zip(read.reconstruct(xs), d.reconstruct(xs), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    for found, expected in zip(read.encode(xs), d.encode(xs), strict=True):
        torch.testing.assert_close(found.dense(), expected.dense(), atol=1e-5, rtol=0)
    assert (read.kind, read.n_features, read.model) == (d.kind, d.n_features, d.model)
    assert read.skip_first and not read.skip_special


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("to", FORMATS)
def test_which_tokens_were_left_out_is_kept(tmp_path, to, first, special):
    kind = "plt" if to == "circuit-tracer" else "sae"
    d = sample(kind, "topk" if to == "sparsify" else "relu")
    save_as(replace(d, skip_first=first, skip_special=special), tmp_path / "d", to)
    read = load_dictionary(tmp_path / "d")
    assert (read.skip_first, read.skip_special) == (first, special)


@pytest.mark.parametrize("to", ["saelens", "sparsify", "dictionary_learning", "gemma-scope-2"])
def test_one_layer_of_many_keeps_its_site(tmp_path, to):
    d = only(sample("sae", "topk" if to == "sparsify" else "relu"), 2)
    save_as(d, tmp_path / "d", to)
    read = load_dictionary(tmp_path / "d")
    site = "blocks.2.hook_resid_post" if to == "saelens" else "blocks.2.resid.post"
    assert read.reads == read.writes == (site,)
    kept = load_dictionary(tmp_path / "d", reads="blocks.9.mlp.out")
    assert kept.reads == kept.writes == ("blocks.9.mlp.out",)


@pytest.mark.parametrize("to", FORMATS)
def test_half_precision_is_for_matrices_alone(tmp_path, to):
    kind = "plt" if to == "circuit-tracer" else "sae"
    d = sample(kind, "topk" if to == "sparsify" else "jumprelu")
    save_as(d, tmp_path / "d", to, dtype=torch.float16)
    read = load_dictionary(tmp_path / "d")
    assert read.decoders[0].weight.dtype == torch.float16
    assert torch.equal(read.biases[0], d.biases[0])
    half = d.encoders[0].weight.half().float()
    torch.testing.assert_close(read.encoders[0].weight, half, atol=0, rtol=0)


def test_the_matrices_keep_their_dtype_unless_told(tmp_path):
    d = only(sample("sae", "relu"), 0)
    weight = d.decoders[0].weight.bfloat16()
    d = replace(d, decoders=(Decoder(weight, (0,)),))
    for to in ("saelens", "dictionary_learning", "gemma-scope"):
        save_as(d, tmp_path / to, to)
        found = load_dictionary(tmp_path / to).decoders[0].weight
        # NumPy has no bfloat16
        assert found.dtype == (torch.float32 if to == "gemma-scope" else torch.bfloat16)
        assert torch.equal(found.float(), weight.float())


def test_weights_that_do_not_fit_half_precision(tmp_path):
    d = only(sample("sae", "relu"), 0)
    d = replace(d, decoders=(Decoder(d.decoders[0].weight * 1e6, (0,)),))
    refused(d, tmp_path / "d", "saelens", "does not fit float16", dtype=torch.float16)
    assert not any(tmp_path.iterdir())


def test_tied_weights(tmp_path):
    weight = torch.randn(F, D)
    d = only(sample("sae", "relu"), 0)
    d = replace(
        d,
        encoders=(replace(d.encoders[0], weight=weight),),
        decoders=(Decoder(weight[:, None], (0,)),),
    )
    for to in ("saelens", "dictionary_learning", "gemma-scope", "gemma-scope-2"):
        save_as(d, tmp_path / to, to)
        assert torch.equal(load_dictionary(tmp_path / to).decoders[0].weight[:, 0], weight)


def test_the_models_name_is_passed_on(tmp_path):
    d = replace(sample("plt", "relu"), info={"config": {"model_name": "google/gemma-2-2b"}})
    save_as(d, tmp_path / "a", "circuit-tracer")
    save_as(load_dictionary(tmp_path / "a"), tmp_path / "b", "saelens")
    config = json.loads((tmp_path / "b" / "blocks.0.mlp.hook_in" / "cfg.json").read_text())
    assert config["metadata"]["model_name"] == "google/gemma-2-2b"


@pytest.mark.parametrize("name", ["plt", "skip", "clt"])
def test_dictionaries_of_circuit_tracer_go_to_gemma_scope_and_back(shared, tmp_path, name):
    d = load_dictionary(shared / "fixtures" / f"circuit-tracer-{name}")
    if name == "skip":
        refused(d, tmp_path / "there", "gemma-scope-2", "is TopK")
        return
    save_as(d, tmp_path / "there", "gemma-scope-2")
    save_as(load_dictionary(tmp_path / "there"), tmp_path / "back", "circuit-tracer")
    read = load_dictionary(tmp_path / "back")
    xs = [torch.randn(8, 64) for _ in d.reads]
    for found, expected in zip(read.reconstruct(xs), d.reconstruct(xs), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
