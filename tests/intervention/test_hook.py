"""Exported hooks: plain transformers with them generates what `generate` generates."""

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest
import torch

from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.errors import MicrotomeError
from microtome.intervention import (
    Direction,
    Features,
    Head,
    Intervention,
    WholeSite,
    export_hook,
    generate,
)
from microtome.intervention.description import Span
from microtome.model import LanguageModel
from microtome.specimen import load_dictionary, load_model
from tests.circuit.dictionaries import KINDS, tiny_dictionary
from tests.conftest import SHARED
from tests.model.families import FAMILIES, tiny_model, tokens

NEW = 10


def sae(model: LanguageModel, kind: str, site: str = "resid.post") -> Dictionary:
    """One that reads and writes the same sites, with one of the activation functions."""
    generator = torch.Generator().manual_seed(2)

    def rand(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64) * 0.3

    activation = {
        "relu": Activation("relu"),
        "batchtopk": Activation("batchtopk", threshold=torch.tensor(0.2, dtype=torch.float64)),
        "jumprelu": Activation("jumprelu", threshold=rand(16).abs()),
        "topk": Activation("topk", k=4),
    }[kind]
    sites = tuple(f"blocks.{i}.{site}" for i in range(model.n_layers))
    d = model.d_model
    return Dictionary(
        reads=sites,
        writes=sites,
        encoders=tuple(Encoder(rand(16, d), rand(16), activation) for _ in sites),
        decoders=tuple(Decoder(rand(16, 1, d), (i,)) for i in range(len(sites))),
        biases=tuple(rand(d) for _ in sites),
        skip_first=False,
        name=kind,
    )


def everything(positions: Span | tuple[int, ...] = "all") -> list[Intervention]:
    vector = tuple(torch.linspace(-1, 1, 24).tolist())
    return [
        Intervention(what=Features.of((0, 1), (1, 2)), how="add", value=4.0, positions=positions),
        Intervention(what=Features.of((0, 3)), how="scale", value=-3.0, positions=positions),
        Intervention(what=Features.of((1, 7)), how="clamp", value=3.0, positions=positions),
        Intervention(what=Features.of((2, 4), (2, 5)), how="ablate", positions=positions),
        Intervention(what=Head(layer=1, head=0), how="ablate", positions=positions),
        Intervention(
            what=Direction(site="blocks.1.resid.post", vector=vector),
            how="add",
            value=0.5,
            positions=positions,
        ),
        Intervention(
            what=Direction(site="embed", vector=vector[::-1]), how="ablate", positions=positions
        ),
        Intervention(
            what=WholeSite(site="blocks.2.attn.out"), how="scale", value=0.5, positions=positions
        ),
    ]


def imported(folder: Path) -> ModuleType:
    """The exported file as a module."""
    spec = importlib.util.spec_from_file_location("steering", folder / "steering.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plain(model: LanguageModel, prompt: torch.Tensor, use_cache: bool = True) -> torch.Tensor:
    """What transformers generates by itself."""
    return model.hf.generate(  # pyright: ignore[reportCallIssue]
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=NEW,
        do_sample=False,
        use_cache=use_cache,
        pad_token_id=0,
    )


def check_same(
    model: LanguageModel,
    dictionary: Dictionary | None,
    interventions: Sequence[Intervention],
    folder: Path,
) -> None:
    """The hook generates our text and gives our logits, and is gone when it is removed."""
    export_hook(folder, model, interventions, dictionary)
    expected = generate(model, tokens(), interventions, dictionary, NEW)
    before = plain(model, tokens())
    handles = imported(folder).attach(model.hf)
    for use_cache in (True, False):
        assert torch.equal(plain(model, tokens(), use_cache), expected)
    other = plain(model, tokens(7, 3))  # positions start anew
    handles.remove()
    assert torch.equal(other, generate(model, tokens(7, 3), interventions, dictionary, NEW))
    assert torch.equal(plain(model, tokens()), before)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_text_is_ours_in_every_family(family: str, kind: str, tmp_path: Path):
    model = tiny_model(family)
    check_same(model, tiny_dictionary(model, kind), everything(), tmp_path / "hook")


@pytest.mark.parametrize("positions", ["prompt", "last", "generated", (1, 4, -2)])
def test_positions(positions: Span | tuple[int, ...], tmp_path: Path):
    model = tiny_model("llama")
    check_same(model, tiny_dictionary(model, "clt"), everything(positions), tmp_path / "hook")


@pytest.mark.parametrize("site", ["resid.post", "resid.pre", "attn.out", "mlp.out"])
@pytest.mark.parametrize("kind", ["relu", "batchtopk", "jumprelu", "topk"])
def test_saes_of_all_activation_functions(kind: str, site: str, tmp_path: Path):
    model = tiny_model("gpt2")
    check_same(model, sae(model, kind, site), everything(), tmp_path / "hook")


@pytest.mark.parametrize("family", ["gpt2", "gemma2", "gpt_neox", "olmo2"])
def test_a_dictionary_that_reads_before_the_norms_weight(family: str, tmp_path: Path):
    model = tiny_model(family)
    dictionary = tiny_dictionary(model, "plt", read="mlp.normalized")
    check_same(model, dictionary, everything()[:4], tmp_path / "hook")


def test_logits_are_ours_where_features_are_half_as_exact(tmp_path: Path):
    """A model in float32, whose changes are computed in float32."""
    model = tiny_model("qwen3", torch.float32)
    dictionary = tiny_dictionary(model, "clt")
    export_hook(str(tmp_path / "hook"), model, everything(), dictionary)
    text = generate(model, tokens(), everything(), dictionary, NEW)
    with imported(tmp_path / "hook").attach(model.hf), torch.no_grad():
        steered = model.hf(text, use_cache=False).logits
    unsteered = model.run(text).logits
    from microtome.intervention.generate import steering
    from microtome.intervention.intervene import chained, watched

    made = steering(model, dictionary.to("cpu", torch.float32), everything(), text.shape[1])
    ours = model.run(text, edit=chained(made.edit), watch=watched(made.watch)).logits
    assert torch.allclose(steered, ours, atol=1e-5)
    assert not torch.allclose(steered, unsteered, atol=1e-2)


def test_zero_is_bit_for_bit_the_plain_model(tmp_path: Path):
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model, "clt")
    off = [
        Intervention(what=Features.of((0, 1)), how="add", value=0.0),
        Intervention(what=Features.of((1, 1)), how="scale", value=1.0),
    ]
    export_hook(tmp_path / "hook", model, off, dictionary)
    with torch.no_grad():
        before = model.hf(tokens()).logits
        with imported(tmp_path / "hook").attach(model.hf):
            assert torch.equal(model.hf(tokens()).logits, before)


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"stories260K is not in {SHARED}")
def test_sampled_stories_are_ours(tmp_path: Path):
    """A trained model in float32, whose texts are sampled."""
    model = load_model(SHARED / "models" / "stories260K", device="cpu")
    dictionary = load_dictionary(SHARED / "fixtures" / "circuit-tracer-plt")
    steer = [
        Intervention(what=Features.of((1, 3), (2, 9)), how="add", value=2.0),
        Intervention(what=Head(layer=2, head=1), how="ablate", positions="generated"),
    ]
    export_hook(tmp_path / "hook", model, steer, dictionary)
    prompt = model.tokenize("Once upon a time")
    attach = imported(tmp_path / "hook").attach
    for seed in range(3):
        expected = generate(model, prompt, steer, dictionary, 40, 0.8, seed)
        with attach(model.hf):
            assert torch.equal(model.generate(prompt, 40, 0.8, seed), expected)
        assert not torch.equal(model.generate(prompt, 40, 0.8, seed), expected)


SCRIPT = """
import sys
class Nobody:
    def find_spec(self, name, *rest):
        if name.split(".")[0] == "microtome":
            raise ImportError(name)
sys.meta_path.insert(0, Nobody())
import torch
from transformers import AutoModelForCausalLM
sys.path.insert(0, sys.argv[1])
from steering import attach
model = AutoModelForCausalLM.from_pretrained(sys.argv[2], dtype=torch.float64).eval()
ids = torch.tensor([[int(x) for x in sys.argv[3].split(",")]])
with attach(model):
    out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=10,
                         do_sample=False, pad_token_id=0)
assert not any(name.startswith("microtome") for name in sys.modules)
print(*out[0].tolist())
"""


def test_a_process_without_microtome(tmp_path: Path):
    model = tiny_model("mistral")
    dictionary = tiny_dictionary(model, "skip")
    model.hf.save_pretrained(tmp_path / "model")
    export_hook(tmp_path / "hook", model, everything(), dictionary)
    assert sorted(p.name for p in (tmp_path / "hook").iterdir()) == [
        "steering.py",
        "steering.safetensors",
    ]
    prompt = ",".join(map(str, tokens()[0].tolist()))
    arguments = [sys.executable, "-I", "-c", SCRIPT, tmp_path / "hook", tmp_path / "model", prompt]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = generate(model, tokens(), everything(), dictionary, NEW)
    assert done.stdout.split() == [str(token) for token in expected[0].tolist()]


def test_the_file_says_what_it_does(tmp_path: Path):
    model = tiny_model("llama")
    steer = Intervention(what=Features.of((2, 13)), how="scale", value=3.0)
    export_hook(tmp_path / "hook", model, [steer], tiny_dictionary(model))
    text = (tmp_path / "hook" / "steering.py").read_text()
    assert (
        "L2/13: scale 3 at all positions (features of tiny plt)"
        in imported(tmp_path / "hook").__doc__
    )
    assert "microtome" not in text.split('"""', 2)[2]


def test_another_model_and_padding_are_refused(tmp_path: Path):
    model, other = tiny_model("llama"), tiny_model("gpt2")
    steer = [Intervention(what=Features.of((0, 1)), how="ablate", positions=(8,))]
    export_hook(tmp_path / "hook", model, steer, tiny_dictionary(model))
    attach = imported(tmp_path / "hook").attach
    with pytest.raises(ValueError, match=r"the model has no .*: this steers llama"):
        attach(other.hf)
    mask = torch.ones(1, 9, dtype=torch.long)
    mask[0, 0] = 0
    with attach(model.hf), torch.no_grad():
        with pytest.raises(ValueError, match="padding moves positions"):
            model.hf(tokens(), attention_mask=mask)
        with pytest.raises(ValueError, match="position 8 is not in a prompt of 4 tokens"):
            model.hf(tokens(4))


def test_what_cannot_be_exported(tmp_path: Path):
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model)
    patch = Intervention(what=Features.of((0, 1)), how="patch", source=(1, 2))
    lacking = Intervention(what=Features.of((0, 99)), how="ablate")
    for wrong, said in ((patch, "a patch cannot be exported"), (lacking, "L0/99 does not exist")):
        with pytest.raises(MicrotomeError, match=said):
            export_hook(tmp_path / "hook", model, [wrong], dictionary)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine").touch()
    with pytest.raises(MicrotomeError, match="exists"):
        export_hook(tmp_path / "there", model, [], dictionary)
    assert not (tmp_path / "hook").exists()
