"""Interventions on a prompt: exact where all is held, the real model's where nothing is."""

from dataclasses import replace

import pytest
import torch

from microtome.circuit import trace
from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.errors import MicrotomeError
from microtome.intervention import (
    Baseline,
    Direction,
    Features,
    Head,
    Intervention,
    Mode,
    WholeSite,
    direct_effect,
    hold,
    intervene,
    sweep,
)
from microtome.model import LanguageModel, Site
from tests.circuit.dictionaries import KINDS, tiny_dictionary
from tests.model.families import FAMILIES, LAYERS, tiny_model, tokens


def pre_activations(dictionary: Dictionary, run, layer: int, feature: int) -> torch.Tensor:
    """Of every row of the batch and position, without the encoder's bias."""
    return run[dictionary.reads[layer]] @ dictionary.encoders[layer].weight[feature]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_with_everything_held_a_feature_has_the_effect_of_its_edges(family: str, kind: str):
    model = tiny_model(family)
    dictionary = tiny_dictionary(model, kind)
    graph = trace(model, tokens(), dictionary)
    nodes, baseline = graph.nodes, hold(model, tokens(), dictionary)
    picked = nodes.where("feature")[:: max(len(nodes.where("feature")) // 12, 1)]
    ways = [
        ("scale", 0.25, -0.75),
        ("ablate", None, -1.0),
        ("add", 0.5, None),
        ("clamp", 2.0, None),
    ]
    batch, shares = [], []
    for number, node in enumerate(picked.tolist()):
        how, value, share = ways[number % 4]
        at = (int(nodes.layer[node]), int(nodes.feature[node]))
        batch.append(
            [
                Intervention(
                    what=Features.of(at),
                    how=how,
                    value=value,
                    positions=(int(nodes.position[node]),),
                )
            ]
        )
        old = float(nodes.activation[node])
        shares.append({"add": 0.5 / old, "clamp": (2.0 - old) / old}.get(how, share))
    mode = Mode.direct(LAYERS)
    reads = [*dictionary.reads, "final"]
    without = intervene(baseline, [[]], mode, reads)
    run = intervene(baseline, batch, mode, reads)
    worst = 0.0
    for row, node in enumerate(graph.rows.tolist()):
        layer, feature, position = (
            int(x[node]) for x in (nodes.layer, nodes.feature, nodes.position)
        )
        if nodes.kind[node] == "logit":
            unembed = model.unembed.weight.detach()
            direction = unembed[:, feature] - unembed.mean(-1)
            moved = (run["final"] - without["final"])[:, position] @ direction
        else:
            moved = pre_activations(dictionary, run, layer, feature)[:, position]
            moved = moved - pre_activations(dictionary, without, layer, feature)[:, position]
        expected = graph.edges[row, picked] * torch.tensor(shares, dtype=torch.float64)
        worst = max(worst, float((moved - expected).abs().max()))
    assert worst <= 1e-9 * float(graph.edges.abs().max()), worst


@pytest.mark.parametrize("family", FAMILIES)
def test_without_a_change_nothing_moves_in_any_mode(family: str):
    model = tiny_model(family)
    dictionary = tiny_dictionary(model, "skip")
    baseline = hold(model, tokens(), dictionary)
    nothing = Intervention(what=Features.of((0, 3), (1, 4), (2, 5)), how="scale", value=1.0)
    plain = intervene(baseline, [[nothing]])
    assert torch.equal(plain.logits[0], baseline.run.logits[0])
    for attention in ("live", "frozen"):
        for norms in ("live", "frozen"):
            for constrained in (None, (0, 1), (1, 2)):
                mode = Mode(attention=attention, norms=norms, constrained=constrained)
                run = intervene(baseline, [[nothing], []], mode)
                assert torch.allclose(run.logits, baseline.run.logits.expand(2, -1, -1), atol=1e-6)


@pytest.mark.parametrize("family", ["gpt2", "gpt_neox", "llama", "gemma2", "olmo2"])
def test_live_features_are_read_where_they_are_when_they_are_reached(family: str):
    """A later feature is ablated by what it has become after an earlier one was changed."""
    model = tiny_model(family)
    dictionary = tiny_dictionary(model, "clt")
    baseline = hold(model, tokens(), dictionary)
    first = Intervention(what=Features.of((0, 1)), how="add", value=3.0, positions=(4,))
    later = [(1, f) for f in range(32)]
    second = Intervention(what=Features.of(*later), how="ablate", positions=(4, 5))
    together = intervene(
        baseline, [[first, second]], capture=[*dictionary.reads, *dictionary.writes]
    )
    alone = intervene(baseline, [[first]], capture=[*dictionary.reads, *dictionary.writes])
    codes = dictionary.encode([alone[read][0] for read in dictionary.reads])[1].dense()
    decoder = dictionary.decoders[1]
    for position in (4, 5):
        taken = codes[position] @ decoder.weight[:, decoder.targets.index(1)]
        change = (together["blocks.1.mlp.out"] - alone["blocks.1.mlp.out"])[0, position]
        assert torch.allclose(change, -taken, atol=1e-10)
    assert torch.equal(together["blocks.0.mlp.out"], alone["blocks.0.mlp.out"])


def test_rows_of_a_batch_do_not_touch_each_other():
    model = tiny_model("llama")
    baseline = hold(model, tokens(), tiny_dictionary(model))
    batch = [
        [Intervention(what=Features.of((0, 2)), how="add", value=2.0)],
        [],
        [Intervention(what=Head(layer=1, head=2), how="ablate")],
        [
            Intervention(
                what=WholeSite(site="blocks.2.attn.out"), how="scale", value=0.5, positions=(-1,)
            )
        ],
        [
            Intervention(
                what=Direction(site="blocks.1.resid.post", vector=(0.5,) * 24), how="ablate"
            )
        ],
    ]
    together = intervene(baseline, batch).logits
    for row, interventions in enumerate(batch):
        alone = intervene(baseline, [interventions]).logits[0]
        assert torch.allclose(together[row], alone, atol=1e-12)
        assert torch.allclose(alone, baseline.run.logits[0], atol=1e-12) == (row == 1)


def test_a_sweep_is_a_row_for_each_value():
    model = tiny_model("gpt2")
    baseline = hold(model, tokens(), tiny_dictionary(model))
    values = [-1.0, 0.0, 2.5]
    batch = sweep(Intervention(what=Features.of((1, 7)), how="add", value=0.0), values)
    run = intervene(baseline, batch, capture=["blocks.1.mlp.out"])
    moved = (run["blocks.1.mlp.out"] - baseline.run["blocks.1.mlp.out"])[:, 1:]
    vector = baseline.dictionary.decoders[1].weight[7, 0]
    for row, value in enumerate(values):
        assert torch.allclose(moved[row], (value * vector).expand_as(moved[row]), atol=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_head_is_its_columns(family: str):
    model = tiny_model(family)
    baseline = hold(model, tokens())
    head = Intervention(what=Head(layer=1, head=3), how="scale", value=0.25, positions=(2, -1))
    run = intervene(baseline, [[head]], capture=["blocks.1.attn.head.out"])
    changed, before = run["blocks.1.attn.head.out"][0], baseline.run["blocks.1.attn.head.out"][0]
    expected = before.clone()
    expected[[2, -1], 3] *= 0.25
    assert torch.equal(changed, expected)


@pytest.mark.parametrize("how", ["add", "clamp", "scale", "ablate"])
def test_directions(how: str):
    model = tiny_model("qwen2")
    baseline = hold(model, tokens())
    vector = torch.linspace(-1, 1, 24, dtype=torch.float64)
    value = None if how == "ablate" else 1.5
    what = Direction(site="blocks.1.resid.post", vector=tuple(vector.tolist()))
    intervention = Intervention(what=what, how=how, value=value, positions=(3,))
    after = intervene(baseline, [[intervention]], capture=["blocks.1.resid.post"])
    x, y = (run["blocks.1.resid.post"][0, 3] for run in (baseline.run, after))
    old, new = (z @ vector / (vector @ vector) for z in (x, y))
    expected = {"add": old + 1.5, "clamp": 1.5, "scale": 1.5 * old, "ablate": 0.0}[how]
    assert float(new) == pytest.approx(float(expected), abs=1e-12)
    assert torch.allclose(y - new * vector, x - old * vector, atol=1e-12)


def test_a_patched_stream_is_the_other_prompt():
    model = tiny_model("mistral")
    other = tuple(tokens(9, seed=5)[0].tolist())
    baseline, source = hold(model, tokens()), hold(model, torch.tensor([other]))
    site = f"blocks.{LAYERS - 1}.resid.post"
    whole = Intervention(what=WholeSite(site=site), how="patch", source=other)
    assert torch.allclose(intervene(baseline, [[whole]]).logits, source.run.logits, atol=1e-6)
    heads = [Intervention(what=Head(layer=0, head=h), how="patch", source=other) for h in range(4)]
    run = intervene(baseline, [heads], capture=["blocks.0.attn.head.out"])
    assert torch.equal(run["blocks.0.attn.head.out"], source.run["blocks.0.attn.head.out"])


def test_a_patched_feature_has_the_other_prompts_activation():
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model, "plt")
    baseline = hold(model, tokens(), dictionary)
    source = hold(model, tokens(6, seed=5), dictionary)
    everything = Features.of(*[(1, f) for f in range(32)])
    other = tuple(tokens(6, seed=5)[0].tolist())
    patch = Intervention(what=everything, how="patch", source=other)
    site = "blocks.1.mlp.out"
    moved = intervene(baseline, [[patch]], capture=[site])[site][0] - baseline.run[site][0]
    decoder = dictionary.decoders[1].weight[:, 0]
    expected = (source.codes[1].dense() - baseline.codes[1].dense()[:6]) @ decoder
    assert torch.allclose(moved[1:6], expected[1:], atol=1e-10)
    assert not moved[0].any() and not moved[6:].any()


def test_frozen_attention_and_constrained_layers_are_held():
    model = tiny_model("gemma2")
    dictionary = tiny_dictionary(model, "clt")
    baseline = hold(model, tokens(), dictionary)
    push = Intervention(what=Features.of((0, 1)), how="add", value=5.0, positions=(2,))
    sites = [Site(kind, i) for i in range(LAYERS) for kind in ("attn.pattern", "mlp.out")]
    live = intervene(baseline, [[push]], capture=sites)
    assert not torch.allclose(live["blocks.2.attn.pattern"], baseline.run["blocks.2.attn.pattern"])
    held = intervene(baseline, [[push]], Mode(attention="frozen", constrained=(0, 1)), sites)
    for layer in range(LAYERS):
        pattern = Site("attn.pattern", layer)
        assert torch.equal(held[pattern], baseline.run[pattern])
    decoder = dictionary.decoders[0]
    for layer in (0, 1):
        moved = (held[Site("mlp.out", layer)] - baseline.run[Site("mlp.out", layer)])[0]
        expected = 5.0 * decoder.weight[1, decoder.targets.index(layer)]
        assert torch.allclose(moved[2], expected, atol=1e-10)
        assert not moved[3:].any()
    assert (held["blocks.2.mlp.out"] - baseline.run["blocks.2.mlp.out"])[0, 3:].any()


def sae(model: LanguageModel, site: str) -> Dictionary:
    generator = torch.Generator().manual_seed(0)
    encoder, decoder = (torch.randn(16, 24, generator=generator, dtype=torch.float64) for _ in "ab")
    return Dictionary(
        reads=(site,),
        writes=(site,),
        encoders=(Encoder(encoder, torch.zeros(16, dtype=torch.float64), Activation("relu")),),
        decoders=(Decoder(decoder[:, None], (0,)),),
        biases=(torch.zeros(24, dtype=torch.float64),),
    )


@pytest.mark.parametrize("site", ["blocks.1.resid.post", "blocks.1.resid.pre", "blocks.0.attn.out"])
def test_an_sae_changes_what_it_reads(site: str):
    model = tiny_model("phi3")
    dictionary = sae(model, site)
    baseline = hold(model, tokens(), dictionary)
    clamp = Intervention(what=Features.of((0, 3)), how="clamp", value=4.0)
    moved = intervene(baseline, [[clamp]], capture=[site])[site][0] - baseline.run[site][0]
    old = baseline.codes[0].dense()[:, 3:4]
    expected = (4.0 - old) * dictionary.decoders[0].weight[3]
    assert torch.allclose(moved[1:], expected[1:], atol=1e-10)


def test_a_crosscoder_starts_from_what_was_read_before():
    model = tiny_model("llama")
    single = sae(model, "blocks.0.resid.post")
    cross = Dictionary(
        reads=("blocks.0.resid.post", "blocks.2.resid.post"),
        writes=("blocks.0.resid.post", "blocks.2.resid.post"),
        encoders=(
            Encoder(
                single.encoders[0].weight.repeat(1, 2) / 2,
                single.encoders[0].bias,
                Activation("topk", k=6),
            ),
        ),
        decoders=(Decoder(single.decoders[0].weight.repeat(1, 2, 1), (0, 1)),),
        biases=single.biases * 2,
        sources=((0, 1),),
    )
    baseline = hold(model, tokens(), cross)
    feature = int(baseline.codes[0].dense()[4].argmax())
    ablate = Intervention(what=Features.of((0, feature)), how="ablate", positions=(4,))
    site = "blocks.0.resid.post"
    moved = intervene(baseline, [[ablate]], capture=[site])[site][0] - baseline.run[site][0]
    old = baseline.codes[0].dense()[4, feature]
    assert torch.allclose(moved[4], -old * cross.decoders[0].weight[feature, 0], atol=1e-10)


def fixture() -> Baseline:
    model = tiny_model("llama")
    return hold(model, tokens(), tiny_dictionary(model))


BAD = [
    ({"what": Features.of((9, 0)), "how": "ablate"}, "L9/0 does not exist: .* 3 encoders"),
    ({"what": Features.of((1, 32)), "how": "ablate"}, "L1/32 does not exist: .* 32 features"),
    ({"what": Features.of((1, 0)), "how": "ablate", "positions": (9,)}, "position 9 .* 9 tokens"),
    ({"what": Features.of((1, 0)), "how": "ablate", "positions": "generated"}, "generates none"),
    ({"what": Features.of((1, 0), (1, 0)), "how": "ablate"}, "L1/0 is changed twice"),
    ({"what": Head(layer=0, head=4), "how": "ablate"}, "head 4 does not exist: .* 4 heads"),
    ({"what": Head(layer=3, head=0), "how": "ablate"}, "blocks.3.attn.head.out does not exist"),
    ({"what": WholeSite(site="blocks.0.attn.pattern"), "how": "ablate"}, "is not a vector"),
    ({"what": WholeSite(site="blocks.0.resid.mid"), "how": "ablate"}, "cannot .*edited|not edited"),
    ({"what": Direction(site="final", vector=(1.0,)), "how": "ablate"}, "1 numbers, .* width 24"),
    (
        {"what": Direction(site="final", vector=(0.0,) * 24), "how": "ablate"},
        "direction .* is zero",
    ),
    (
        {"what": Features.of((1, 0)), "how": "patch", "source": (5, 6), "positions": (3,)},
        "has 2 tokens",
    ),
    ({"what": Features.of((1, 0)), "how": "patch", "source": (99,)}, "outside the vocabulary"),
]


@pytest.mark.parametrize(("fields", "said"), BAD)
def test_what_is_not_there_is_named(fields: dict, said: str):
    from microtome.errors import MicrotomeError

    with pytest.raises(MicrotomeError, match=said):
        intervene(fixture(), [[Intervention(**fields)]])


def test_a_range_of_layers_that_is_not_there_is_named():
    from microtome.errors import MicrotomeError

    for constrained in ((0, 3), (2, 1), (-1, 1)):
        with pytest.raises(MicrotomeError, match="the constrained layers are"):
            intervene(fixture(), [[]], Mode(constrained=constrained))
    with pytest.raises(MicrotomeError, match="batch of interventions is empty"):
        intervene(fixture(), [])


def test_a_patch_from_a_shorter_prompt_may_reach_nothing():
    model = tiny_model("llama")
    baseline = hold(model, tokens(), tiny_dictionary(model))
    for what in (Features.of((0, 3)), Head(layer=1, head=0)):
        late = Intervention(what=what, how="patch", source=(3, 4), positions="last")
        run = intervene(baseline, [[late], []])
        torch.testing.assert_close(run.logits[0], run.logits[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("what", "name"),
    [
        (Features.of((0, 3)), "L0/3"),
        (Head(layer=1, head=2), "head 1.2"),
        (WholeSite(site="blocks.0.mlp.out"), "blocks.0.mlp.out"),
        (Direction(site="final", vector=(1.0,) * 24), "a direction at final"),
    ],
)
def test_nothing_is_changed_twice_at_one_position(what, name: str):
    model = tiny_model("llama")
    baseline = hold(model, tokens(), tiny_dictionary(model))
    first = Intervention(what=what, how="scale", value=2.0, positions=(1, 3))
    second = Intervention(what=what, how="ablate", positions=(-6,))
    with pytest.raises(MicrotomeError, match=f"{name} is changed twice"):
        intervene(baseline, [[first, second]])
    intervene(baseline, [[first], [second]])


def test_values_that_are_no_numbers_for_the_model_are_refused():
    model = tiny_model("llama", torch.float32)
    baseline = hold(model, tokens(), tiny_dictionary(model))
    feature = Intervention(what=Features.of((0, 3)), how="clamp", value=1e39)
    with pytest.raises(MicrotomeError, match="not finite under the interventions of row 1"):
        intervene(baseline, [[], [feature]])
    with pytest.raises(MicrotomeError, match="nan of a sweep"):
        sweep(feature, [1.0, float("nan")])
    with pytest.raises(MicrotomeError, match="nothing to sweep"):
        sweep(Intervention(what=Features.of((0, 3)), how="ablate"), [1.0])
    with pytest.raises(MicrotomeError, match=f"token id {2**70} .* outside the vocabulary"):
        patch = Intervention(what=Head(layer=0, head=0), how="patch", source=(1, 2**70))
        intervene(baseline, [[patch]])


def test_a_dictionary_of_another_width_is_refused():
    model, dictionary = tiny_model("llama"), tiny_dictionary(tiny_model("llama"))
    narrow = replace(
        dictionary,
        encoders=tuple(
            Encoder(e.weight[:, :20], e.bias, e.activation) for e in dictionary.encoders
        ),
    )
    with pytest.raises(MicrotomeError, match=r"width 20 at blocks.0.mlp.in, but llama has 24"):
        hold(model, tokens(), narrow)


def test_what_is_added_has_the_prompts_shape():
    model = tiny_model("llama")
    baseline = hold(model, tokens())
    with pytest.raises(MicrotomeError, match="nothing to add"):
        direct_effect(baseline, {}, [Site("final")])
    vectors = {Site("embed"): torch.zeros(1, 4, 24, dtype=torch.float64)}
    with pytest.raises(
        MicrotomeError, match=r"embed has shape \(1, 4, 24\), expected \(1, 9, 24\)"
    ):
        direct_effect(baseline, vectors, [Site("final")])


def test_attention_that_cannot_be_frozen_is_named():
    """A module that computes its pattern by itself, as code from a hub may."""
    model = tiny_model("gpt2")
    baseline = hold(model, tokens())
    attn = model.part(1, model.adapter.attn)
    assert attn is not None
    attn.forward = lambda hidden, *_, **__: (hidden, None)
    with pytest.raises(MicrotomeError, match="in layer 1 does not go through transformers'"):
        intervene(baseline, [[]], Mode(attention="frozen"))
    with pytest.raises(MicrotomeError, match="can be neither read nor frozen"):
        hold(model, tokens())
    intervene(baseline, [[]], Mode())


def test_norms_that_cannot_be_frozen_are_named():
    model = tiny_model("llama")
    norm = model.part(1, model.adapter.mlp_norm)
    assert norm is not None
    plain = norm.forward
    norm.forward = lambda x: plain(x).tanh()
    with pytest.raises(MicrotomeError, match=r"blocks\.1 mlp_norm .* is not the norm that"):
        intervene(hold(model, tokens()), [[]], Mode(norms="frozen"))
