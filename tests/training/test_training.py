"""Training: folding is exact, the loss is the published one, a known dictionary is found."""

import pytest
import torch

from microtome.dictionary import load_dictionary, save_dictionary
from microtome.errors import MicrotomeError
from microtome.training import Recipe, load_recipe, train_dictionary, train_on_activations
from microtome.training.normalise import measure_scale
from microtome.training.transcoder import Transcoder, aux_loss, reconstruction_loss
from tests.model.families import tiny_model

SMALL = {"features": 24, "k": 4, "steps": 30, "batch_size": 32, "warmup": 2}


def _activations(layers: int = 3, n: int = 400, d: int = 12):
    x = [torch.randn(n, d) * (i + 1) + i for i in range(layers)]
    y = [torch.tanh(v) * 2 - 0.5 for v in x]
    return x, y


@pytest.mark.parametrize("kind", ["plt", "clt"])
@pytest.mark.parametrize("activation", ["topk", "batchtopk"])
def test_folding_keeps_codes_and_outputs(kind: str, activation: str):
    """On raw activations the dictionary does what the transcoder does on standardised ones."""
    reads, writes = _activations()
    recipe = Recipe(**{**SMALL, "kind": kind, "activation": activation})  # pyright: ignore
    read_scales, write_scales = ([measure_scale(x) for x in xs] for xs in (reads, writes))
    transcoder = Transcoder(recipe, 3, 12).train()
    with torch.no_grad():
        transcoder.encoder_bias.normal_(0, 0.1)
        transcoder.decoder_bias.normal_()
    x = torch.stack([s.apply(v) for s, v in zip(read_scales, reads, strict=True)])
    with torch.no_grad():
        forward = transcoder(x)
        transcoder.threshold *= 0.99  # which was one of the pre-activations
        if activation == "batchtopk":  # compare at the threshold that inference uses
            active = forward.pre > transcoder.threshold[:, None, None]
            codes = forward.pre * active
            outputs = transcoder.decode(codes) + transcoder.decoder_bias
        else:
            codes, outputs = forward.codes, forward.outputs
    dictionary = transcoder.fold(read_scales, write_scales, "", {})
    found = dictionary.encode(reads)
    for layer, scale in enumerate(write_scales):
        assert torch.allclose(found[layer].dense(), codes[layer], atol=1e-4)
        expected = outputs[layer] * scale.size + scale.mean
        assert torch.allclose(dictionary.reconstruct(reads)[layer], expected, atol=1e-3)


def test_folding_a_linear_skip():
    reads, writes = _activations()
    recipe = Recipe(**{**SMALL, "linear_skip": True})
    scales = [[measure_scale(v) for v in side] for side in (reads, writes)]
    transcoder = Transcoder(recipe, 3, 12).eval()
    assert transcoder.skip is not None
    with torch.no_grad():
        transcoder.skip.normal_()
        transcoder.threshold.fill_(0.2)
        x = torch.stack([s.apply(v) for s, v in zip(scales[0], reads, strict=True)])
        pre = transcoder(x).pre
        outputs = transcoder.decode(pre * (pre > 0.2)) + transcoder.decoder_bias
        outputs = outputs + x @ transcoder.skip
    dictionary = transcoder.fold(scales[0], scales[1], "", {})
    for layer, scale in enumerate(scales[1]):
        expected = outputs[layer] * scale.size + scale.mean
        assert torch.allclose(dictionary.reconstruct(reads)[layer], expected, atol=1e-3)


def test_a_clt_decodes_into_its_own_and_later_layers():
    transcoder = Transcoder(Recipe(**{**SMALL, "kind": "clt"}), 3, 12)
    codes = torch.zeros(3, 1, 24)
    codes[1, 0, 5] = 2.0
    out = transcoder.decode(codes)
    assert not out[0].any()
    assert torch.allclose(out[1, 0], 2 * transcoder.decoders[1][5, 0])
    assert torch.allclose(out[2, 0], 2 * transcoder.decoders[1][5, 1])


def test_batchtopk_keeps_k_on_average_and_learns_its_threshold():
    transcoder = Transcoder(Recipe(**{**SMALL, "kind": "plt"}), 2, 12).train()
    forward = transcoder(torch.randn(2, 200, 12))
    per_token = (forward.codes > 0).sum((1, 2)) / 200
    assert torch.allclose(per_token.double(), torch.full((2,), 4.0, dtype=torch.double), atol=0.02)
    assert (transcoder.threshold > 0).all()


def test_the_loss_is_one_for_a_guess_of_the_mean():
    x = torch.randn(5000, 12) * 3 + 1
    truth = measure_scale(x).apply(x)[None]
    loss = reconstruction_loss(torch.zeros_like(truth), truth)
    assert torch.allclose(loss, torch.ones(1), atol=1e-3)


def test_only_dead_features_get_gradients_from_the_aux_loss():
    transcoder = Transcoder(Recipe(**{**SMALL, "kind": "plt"}), 1, 12).train()
    x = torch.randn(1, 64, 12)
    dead = torch.zeros(1, 24, dtype=torch.bool)
    dead[0, 7] = True
    aux_loss(transcoder, transcoder(x), torch.randn(1, 64, 12), dead).backward()
    gradient = transcoder.decoders[0].grad
    assert gradient is not None
    alive = gradient[:, 0].abs().sum(1).nonzero()[:, 0].tolist()
    assert alive == [7]


@pytest.mark.parametrize("kind", ["plt", "clt"])
def test_training_lowers_the_error_and_repeats_from_its_seed(kind: str):
    reads, writes = _activations(2, 800)
    recipe = Recipe(**{**SMALL, "kind": kind, "steps": 120})  # pyright: ignore
    seen = []
    first = train_on_activations(reads, writes, recipe, report=seen.append)
    assert seen[-1].step == 120
    assert seen[-1].fvu < 0.75 * seen[0].fvu
    assert first.info["training_l0"] == pytest.approx(4, abs=0.2)
    again = train_on_activations(reads, writes, recipe)
    assert again.fingerprint == first.fingerprint
    other = train_on_activations(reads, writes, recipe.model_copy(update={"seed": 1}))
    assert other.fingerprint != first.fingerprint


def test_a_model_is_taken_apart_and_the_recipe_is_kept(tmp_path):
    model = tiny_model("llama", torch.float32)
    blocks = [torch.randint(3, 48, (30, n)) for n in (5, 9)]
    recipe = Recipe(**{**SMALL, "kind": "clt"})  # pyright: ignore
    dictionary = train_dictionary(model, blocks, recipe)
    assert dictionary.model == model.fingerprint
    save_dictionary(dictionary, tmp_path / "clt", recipe.model_dump(), torch.float16)
    loaded = load_dictionary(tmp_path / "clt")
    assert loaded.kind == "clt"
    assert loaded.reads[2] == "blocks.2.mlp.in"
    from microtome.artifact import read_manifest

    assert read_manifest(tmp_path / "clt").config == recipe.model_dump()


def test_bad_recipes_are_named(tmp_path):
    path = tmp_path / "recipe.toml"
    for text, message in [
        ("kind = 'plt'\nfeature = 3", "feature: "),
        ("k = 0", "k: "),
        ("features = 8\nk = 9", "k = 9 is more"),
        ("kind = 'clt'\nlinear_skip = true", "linear_skip is for a plt"),
        ("kind = [", "not TOML"),
    ]:
        path.write_text(text)
        with pytest.raises(MicrotomeError, match=message):
            load_recipe(path)
    with pytest.raises(MicrotomeError, match="does not exist"):
        load_recipe(tmp_path / "none.toml")


def test_too_little_data_and_a_diverging_loss_are_refused():
    reads, writes = _activations(1, 20)
    with pytest.raises(MicrotomeError, match="fewer than a batch"):
        train_on_activations(reads, writes, Recipe(**SMALL))
    reads, writes = _activations(1)
    writes[0][3, 3] = float("nan")
    with pytest.raises(MicrotomeError, match="not finite"):
        train_on_activations(reads, writes, Recipe(**SMALL))
