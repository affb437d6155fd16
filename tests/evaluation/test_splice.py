"""Splicing: losses against the model's own, masks by target, logarithms that do not vanish."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from microtome.data import Block
from microtome.errors import MicrotomeError
from microtome.evaluation import evaluate
from microtome.evaluation.splice import prediction_losses, splice_edits, target_mask
from microtome.model import Site
from tests.circuit.dictionaries import tiny_dictionary
from tests.evaluation.cases import FAST, SITE, blocks, constant_sae, identity_sae, random_sae
from tests.model.families import tiny_model


def figures(model, dictionary, at=blocks, site: int = 0) -> dict:
    (found,) = evaluate(model, [dictionary], at(), options=FAST)
    return {name: figure.value for name, figure in found.sites[site].figures.items()}


def log_softmax(logits: torch.Tensor) -> np.ndarray:
    x = logits.numpy().astype(np.longdouble)
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def by_hand(model, tokens: torch.Tensor, change) -> tuple[float, float, float]:
    """CE, KL and top-1 of a model whose site is changed at positions from 1."""
    edits = {Site.parse(SITE): lambda x: torch.cat([x[:, :1], change(x)[:, 1:]], 1)}
    clean, changed = (log_softmax(model.run(tokens, edit=e).logits) for e in ({}, edits))
    rows, at = np.indices(tokens[:, 1:].shape)
    ce = -changed[rows, at, tokens[:, 1:].numpy()].mean()
    kl = (np.exp(clean) * (clean - changed)).sum(-1)[:, :-1].mean()
    same = (clean.argmax(-1) == changed.argmax(-1))[:, :-1].mean()
    return float(ce), float(kl), float(same)


def test_losses_are_the_definitions():
    model, dictionary = tiny_model("llama"), random_sae()
    tokens = torch.cat(blocks())
    x = model.run(tokens, [SITE])[SITE]
    mean = x[:, 1:].flatten(0, 1).mean(0)

    def spliced(x: torch.Tensor) -> torch.Tensor:
        return dictionary.reconstruct([x.flatten(0, 1)])[0].view_as(x)

    found = figures(model, dictionary)
    cases = {"spliced": spliced, "zero": torch.zeros_like, "mean": lambda x: mean.expand_as(x)}
    ce = {"clean": by_hand(model, tokens, lambda x: x)[0]}
    kl = {}
    for name, change in cases.items():
        ce[name], kl[name], same = by_hand(model, tokens, change)
        assert found[f"ce_{name}"] == pytest.approx(ce[name], rel=1e-9)
        assert found[f"kl_{name}"] == pytest.approx(kl[name], rel=1e-7)
        if name == "spliced":
            assert found["top1"] == pytest.approx(same)
    assert found["ce_clean"] == pytest.approx(ce["clean"], rel=1e-9)
    for suffix, ablated in (("", "zero"), ("_mean", "mean")):
        assert found[f"kl_recovered{suffix}"] == pytest.approx(1 - kl["spliced"] / kl[ablated])
        recovered = (ce[ablated] - ce["spliced"]) / (ce[ablated] - ce["clean"])
        if ce[ablated] > ce["clean"]:
            assert found[f"ce_recovered{suffix}"] == pytest.approx(recovered, rel=1e-6)
        else:
            assert f"ce_recovered{suffix}" not in found


def needy(family: str = "llama"):
    """A model that has learned its own most likely continuations, so ablating costs."""
    model = tiny_model(family)
    tokens = blocks(1, 8, 2)[0]
    return model, model.generate(tokens, max_new_tokens=10)


def test_an_identity_recovers_everything_and_zero_nothing():
    model, tokens = needy()

    def at() -> list[torch.Tensor]:
        return [tokens]

    perfect, nothing = (figures(model, d, at) for d in (identity_sae(), constant_sae()))
    assert perfect["ce_recovered"] == 1
    assert perfect["ce_recovered_mean"] == 1
    assert perfect["kl_recovered"] == 1
    assert perfect["top1"] == 1
    assert nothing["ce_recovered"] == pytest.approx(0, abs=1e-12)
    assert nothing["kl_recovered"] == pytest.approx(0, abs=1e-12)
    mean = model.run(tokens, [SITE])[SITE][:, 1:].flatten(0, 1).mean(0)
    assert figures(model, constant_sae(mean), at)["ce_recovered_mean"] == pytest.approx(0, abs=1e-9)


def test_the_mask_goes_by_the_target():
    """A special token is left out as a target, and the token before it is not."""
    counts = torch.tensor([[False, True, True, False, True]])
    documents = torch.zeros(1, 5, dtype=torch.long)
    assert target_mask(counts, documents).tolist() == [[True, True, False, True]]


def test_a_document_does_not_predict_the_next_one():
    counts = torch.ones(1, 5, dtype=torch.bool)
    documents = torch.tensor([[0, 0, 1, 1, 1]])
    assert target_mask(counts, documents).tolist() == [[True, False, True, True]]


def test_a_special_target_is_left_out_of_the_loss(monkeypatch):
    from microtome.data import policy

    special = int(blocks()[0][0, 4])
    monkeypatch.setattr(policy, "special_tokens", lambda model: [special])
    model, tokens = tiny_model("llama"), torch.cat(blocks())
    (found,) = evaluate(model, [replace(identity_sae(), skip_special=True)], blocks(), options=FAST)
    kept = tokens[:, 1:] != special
    logits = model.run(tokens).logits[:, :-1].log_softmax(-1)
    expected = -logits.gather(-1, tokens[:, 1:, None])[..., 0][kept].mean()
    assert found.sites[0].figures["ce_clean"].value == pytest.approx(float(expected), rel=1e-9)


def test_unlikely_tokens_have_a_finite_kl():
    """log(softmax) is -inf where log_softmax is -200."""
    logits = torch.zeros(1, 2, 4)
    logits[..., 0] = 200.0
    clean = logits.flip(-1)[:, :-1].log_softmax(-1)
    losses = prediction_losses(logits, torch.zeros(1, 2, dtype=torch.long), clean)
    assert float(losses.kl) == pytest.approx(200, rel=1e-5)
    assert not bool(losses.same)


def test_nan_is_an_error():
    clean = torch.zeros(1, 1, 3).log_softmax(-1)
    broken = torch.full((1, 2, 3), float("nan"))
    with pytest.raises(MicrotomeError, match="not finite on 1 of 1 predictions"):
        prediction_losses(broken, torch.zeros(1, 2, dtype=torch.long), clean)


def test_a_clt_is_spliced_with_codes_of_the_clean_run():
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model, "clt")
    tokens = torch.cat(blocks())
    run = model.run(tokens, [*dictionary.reads, *dictionary.writes])
    outputs = dictionary.reconstruct([run[site].flatten(0, 1) for site in dictionary.reads])
    for j, site in enumerate(dictionary.writes):
        y = outputs[j].view_as(run[site])
        counts = (torch.arange(10) > 0).expand_as(tokens)
        edits = splice_edits(Site.parse(site), y, run[site], counts)
        changed = model.run(tokens, edit=edits).logits[:, :-1].log_softmax(-1)
        expected = -changed.gather(-1, tokens[:, 1:, None]).mean()
        found = figures(model, dictionary, site=j)
        assert found["ce_spliced"] == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2"])
def test_the_stream_between_attention_and_mlp_can_be_spliced(family: str):
    model = tiny_model(family)
    tokens, site = blocks(1)[0], Site("resid.mid", 1)
    clean = model.run(tokens, [site])[site]
    wanted = torch.randn_like(clean)
    counts = torch.ones_like(tokens, dtype=torch.bool)
    counts[:, 0] = False
    edits = splice_edits(site, wanted, clean, counts)
    changed = model.run(tokens, [site], edits)[site]
    assert torch.allclose(changed[:, 1:], wanted[:, 1:])
    assert torch.allclose(changed[:, 0], clean[:, 0])


def test_a_site_that_cannot_be_spliced_is_noted():
    model = tiny_model("llama")
    dictionary = identity_sae(site="blocks.1.mlp.normalized")
    (found,) = evaluate(model, [dictionary], blocks(), options=FAST)
    assert "can be read but not spliced" in found.notes[0]
    assert "ce_spliced" not in found.sites[0].figures
    assert found.sites[0].figures["fvu"].value == pytest.approx(0, abs=1e-20)
    assert "rest on 18 documents, which is few" in found.notes[1]


def test_packed_rows_keep_their_documents():
    model = tiny_model("llama")
    tokens = blocks(1, 4, 10)[0]
    documents = torch.arange(40).view(4, 10) // 5
    (found,) = evaluate(model, [random_sae()], [Block(tokens, documents)], options=FAST)
    assert found.documents == 8
    figure = found.sites[0].figures["ce_clean"]
    assert figure.n == 4 * 8  # 9 targets a row, less the one behind another document
    assert found.sites[0].figures["fvu"].n == 4 * 9


def test_half_precision_models_are_measured_in_float32():
    model = tiny_model("llama", torch.bfloat16)
    found = figures(model, random_sae())
    assert 0 < found["fvu"] < 100
    assert found["ce_clean"] == pytest.approx(
        figures(tiny_model("llama"), random_sae())["ce_clean"], abs=0.1
    )


def test_a_token_that_cannot_be_said_adds_nothing():
    logits = torch.tensor([[[0.0, 1.0, -torch.inf]]]).expand(1, 2, 3)
    clean = torch.tensor([[[1.0, 0.0, -torch.inf]]]).log_softmax(-1)
    losses = prediction_losses(logits, torch.zeros(1, 2, dtype=torch.long), clean)
    p, q = clean[0, 0, :2], logits[0, 0].log_softmax(-1)[:2]
    assert float(losses.kl) == pytest.approx(float((p.exp() * (p - q)).sum()), rel=1e-6)
