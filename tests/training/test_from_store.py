"""Training on a store alone, without a model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from microtome.data import ActivationStore, Rows, TokenPolicy, write_store
from microtome.errors import MicrotomeError
from microtome.training import Recipe, make_recipe
from microtome.training.from_store import train_from_store, trains_from_store

SITES = ("blocks.0.mlp.in", "blocks.0.mlp.out", "blocks.1.mlp.in", "blocks.1.mlp.out")


class Noise:
    """Rows of no model."""

    sites = SITES

    def __call__(self, start: int = 0) -> Iterator[Rows]:
        generator = torch.Generator().manual_seed(start)
        n = torch.arange(100)
        while True:
            rows = {site: torch.randn(100, 6, generator=generator) for site in self.sites}
            yield Rows(rows, n, n, n)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_store(tmp_path / "store", Noise(), 300)
    return tmp_path / "store"


def recipe(path: Path, **options: Any) -> Recipe:
    one = {"kind": "plt", "features": 16, "k": 2, "architecture": "topk"}
    one |= options.pop("dictionary", {})
    plain = {
        "data": "store",
        "store": str(path),
        "max_tokens": 300,
        "skip_first": False,
        "skip_special": False,
        "steps": 3,
        "batch_size": 32,
        "tensorboard": False,
    }
    return make_recipe(plain | options | {"dictionary": [one]})


def test_every_layer_of_the_store_is_trained_on(path: Path):
    (made,) = train_from_store(recipe(path)).values()
    assert made.reads == ("blocks.0.mlp.in", "blocks.1.mlp.in")
    assert made.writes == ("blocks.0.mlp.out", "blocks.1.mlp.out")
    assert made.model == ""
    assert not made.skip_first


def test_a_run_is_continued(path: Path, tmp_path: Path):
    whole = train_from_store(recipe(path, checkpoint_every=2), tmp_path / "run")
    again = train_from_store(recipe(path, checkpoint_every=2), tmp_path / "run")
    for one, other in zip(whole.values(), again.values(), strict=True):
        assert torch.equal(one.encoders[0].weight, other.encoders[0].weight)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"skip_first": True}, "set skip_first and skip_special as the store has them"),
        ({"batch_size": 301}, "gives 300 tokens, fewer than a batch of 301"),
        ({"dictionary": {"kind": "sae", "site": "final"}}, r"needs site final, but store .* has"),
        ({"store": "nowhere"}, "nowhere does not exist"),
    ],
)
def test_what_does_not_fit_is_named(path: Path, options: dict[str, Any], said: str):
    with pytest.raises(MicrotomeError, match=said):
        train_from_store(recipe(path, **options))


def test_which_recipes_need_no_model(path: Path):
    assert trains_from_store(recipe(path))
    assert not trains_from_store(recipe(path, model="specimen:adder"))
    assert not trains_from_store(recipe(path, store="nowhere"))
    assert not trains_from_store(recipe(path, data="memory", corpus="x"))


def test_rows_of_no_model_all_count(path: Path):
    store = ActivationStore(path)
    assert store.policy == TokenPolicy(False, False)
    with pytest.raises(MicrotomeError, match="activations of another model"):
        store.check_model("abc")
