"""The whole evaluation: parts merge, processes share, bad input is refused."""

import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from microtome.data import Block
from microtome.data.block import parts
from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.errors import MicrotomeError
from microtome.evaluation import Options, evaluate
from microtome.evaluation.fit import fit_baselines
from microtome.evaluation.measure import Measurement, Wanted
from microtome.evaluation.models import Models
from microtome.evaluation.passes import Subject, run_blocks
from microtome.evaluation.summarise import summarise
from tests.circuit.dictionaries import tiny_dictionary
from tests.evaluation.cases import BARE, FAST, blocks, identity_sae, random_sae
from tests.model.families import D, tiny_model


def same(a, b, where: str = "") -> None:
    """Equal but for the last digits of sums taken in another order."""
    if isinstance(a, dict):
        assert a.keys() == b.keys(), where
        for key in a:
            same(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            same(x, y, f"{where}[{i}]")
    elif isinstance(a, float):
        assert a == pytest.approx(b, rel=1e-7, abs=1e-9), where
    else:
        assert a == b, where


@pytest.mark.parametrize("kind", ["plt", "clt"])
def test_measurements_of_shards_merge_to_the_whole(kind: str):
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model, kind)
    models = Models(model)
    fit = fit_baselines(models, dictionary, list(parts(blocks(seed=9), 1000)))
    subject = Subject(dictionary, Wanted(), fit)
    whole = run_blocks(models, [subject], list(parts(blocks(), 1000)))[0]
    # the mean at a site is that of all shards, so shards are measured around the whole's
    from microtome.evaluation import passes

    means = passes._means(models, [subject], list(parts(blocks(), 1000)), subject.policy)
    shards = []
    for rank in range(3):
        mine = list(parts(blocks(), 20, rank=rank, world=3))
        run = [passes.BlockRun(models, b.tokens, b.documents, _sites(dictionary)) for b in mine]
        one = [passes._measured(r, subject, means).ours for r in run]
        shards.append(Measurement.merged(one))
    merged = Measurement.merged(shards)
    one, other = (summarise(model, dictionary, m, {}, 50) for m in (whole.ours, merged))
    same(asdict(one), asdict(other))


def _sites(dictionary: Dictionary) -> list[str]:
    return [*dictionary.reads, *dictionary.writes]


def _one_process(rank: int, port: int, folder: str) -> None:
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    dist.init_process_group("gloo", rank=rank, world_size=2)
    try:
        torch.set_num_threads(1)
        (found,) = evaluate(tiny_model("llama"), [random_sae()], blocks(), options=_SHARED)
        torch.save(asdict(found), Path(folder) / f"{rank}.pt")
    finally:
        dist.destroy_process_group()


_SHARED = replace(FAST, tokens_at_once=20)


def test_two_processes_find_what_one_does(tmp_path: Path):
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mp.spawn(_one_process, (port, str(tmp_path)), nprocs=2)
    (alone,) = evaluate(tiny_model("llama"), [random_sae()], blocks(), options=_SHARED)
    for rank in range(2):
        shared = torch.load(tmp_path / f"{rank}.pt", weights_only=False)
        same(shared, asdict(alone))


def test_dictionaries_with_different_policies_are_evaluated_together():
    model = tiny_model("llama")
    pair = [random_sae(skip_first=first) for first in (True, False)]
    together = evaluate(model, pair, blocks(), options=FAST)
    for dictionary, found in zip(pair, together, strict=True):
        (alone,) = evaluate(model, [dictionary], blocks(), options=FAST)
        same(asdict(replace(found, stability=())), asdict(alone))
    assert together[0].tokens < together[1].tokens


def test_the_whole_replacement_model_has_kl_and_loss():
    model = tiny_model("llama")
    (found,) = evaluate(model, [tiny_dictionary(model, "clt")], blocks(), options=FAST)
    assert set(found.replacement) == {"live", "frozen"}
    live = found.replacement["live"]
    assert live["kl"].value > 0
    assert live["ce_increase"].value == pytest.approx(live["ce"].value - live["ce_clean"].value)
    assert live["top1"].n == 3 * 6 * 9
    (sae,) = evaluate(model, [random_sae()], blocks(), options=FAST)
    assert not sae.replacement


def test_a_crosscoder_has_figures_at_every_site_it_writes():
    model = tiny_model("llama")
    sites = ("blocks.0.resid.post", "blocks.1.resid.post")
    both = torch.cat([torch.eye(2 * D), -torch.eye(2 * D)]).double()
    crosscoder = Dictionary(
        reads=sites,
        writes=sites,
        encoders=(Encoder(both, torch.zeros(4 * D).double(), Activation("relu")),),
        decoders=(Decoder(both.view(4 * D, 2, D), (0, 1)),),
        biases=(torch.zeros(D).double(),) * 2,
        sources=((0, 1),),
    )
    assert crosscoder.kind == "crosscoder"
    options = replace(FAST, baselines=True)
    (found,) = evaluate(model, [crosscoder], blocks(), blocks(seed=5), options)
    for site in found.sites:
        assert site.figures["fvu"].value == pytest.approx(0, abs=1e-20)
        assert site.figures["l0"].value == 2 * D
    assert [b.name for b in found.baselines] == [
        "random init",
        "random decoder",
        "PCA",
        "random model",
    ]
    assert len(found.densities) == 1


def test_a_crosscoder_of_two_models_splices_each_in_its_own():
    one, two = tiny_model("llama"), tiny_model("llama", seed=1)
    site = "blocks.1.mlp.out"
    crosscoder = replace(
        tiny_dictionary(one),
        reads=(site, f"other:{site}"),
        writes=(site, f"other:{site}"),
        encoders=tiny_dictionary(one).encoders[:2],
        decoders=tuple(
            replace(d, targets=(i,)) for i, d in enumerate(tiny_dictionary(one).decoders[:2])
        ),
        biases=tiny_dictionary(one).biases[:2],
        skips=(),
        sources=(),
    )
    options = replace(FAST, wanted=Wanted(per_feature=False))
    (found,) = evaluate(one, [crosscoder], blocks(), options=options, other=two)
    for i, model in enumerate((one, two)):
        alone = replace(
            crosscoder,
            reads=(site,),
            writes=(site,),
            encoders=crosscoder.encoders[i : i + 1],
            decoders=(replace(crosscoder.decoders[i], targets=(0,)),),
            biases=crosscoder.biases[i : i + 1],
            skips=(),
            sources=(),
        )
        (expected,) = evaluate(model, [alone], blocks(), options=options)
        same(dict(found.sites[i].figures), dict(expected.sites[0].figures))
    with pytest.raises(MicrotomeError, match="second model"):
        evaluate(one, [crosscoder], blocks(), options=options)


def test_another_models_dictionary_is_refused():
    model = tiny_model("llama")
    stranger = random_sae(model="0123456789abcdef")
    with pytest.raises(MicrotomeError, match=r"0123456789abcdef, but llama has .*--any-model"):
        evaluate(model, [stranger], blocks(), options=BARE)
    evaluate(model, [stranger], blocks(), options=replace(BARE, any_model=True))
    evaluate(model, [random_sae(model=model.fingerprint)], blocks(), options=BARE)


def test_sites_that_do_not_exist_are_refused():
    model = tiny_model("llama")
    with pytest.raises(MicrotomeError, match="has 3 layers"):
        evaluate(model, [identity_sae(site="blocks.7.mlp.out")], blocks(), options=BARE)
    with pytest.raises(MicrotomeError, match=r"width 7 .* has 24"):
        evaluate(model, [identity_sae(7)], blocks(), options=BARE)
    with pytest.raises(MicrotomeError, match="holds no activation vectors"):
        evaluate(model, [identity_sae(site="blocks.1.attn.pattern")], blocks(), options=BARE)


def test_a_dictionary_that_is_not_finite_is_refused():
    broken = random_sae()
    broken.encoders[0].weight[0, 0] = float("nan")
    with pytest.raises(MicrotomeError, match=r"the encoder at .* is not finite"):
        evaluate(tiny_model("llama"), [broken], blocks(), options=BARE)


def test_nothing_to_measure_is_refused():
    model = tiny_model("llama")
    with pytest.raises(MicrotomeError, match="no held-out token counts"):
        evaluate(model, [random_sae()], [], options=BARE)
    with pytest.raises(MicrotomeError, match="no held-out token counts"):
        evaluate(model, [random_sae()], [torch.full((3, 1), 5)], options=BARE)
    with pytest.raises(MicrotomeError, match="fitted on training documents"):
        evaluate(model, [random_sae()], blocks(), options=Options())


def test_progress_counts_every_block():
    seen = []
    options = replace(BARE, baselines=True, tokens_at_once=60)
    evaluate(
        tiny_model("llama"),
        [random_sae()],
        blocks(),
        blocks(seed=5),
        options,
        lambda done, total: seen.append((done, total)),
    )
    assert seen == [(i, 6) for i in range(1, 7)]


def test_blocks_and_tensors_are_the_same():
    model = tiny_model("llama")
    tokens = torch.cat(blocks())
    documents = torch.arange(18)[:, None].expand(-1, 10)
    (a,) = evaluate(model, [random_sae()], [Block(tokens, documents)], options=FAST)
    (b,) = evaluate(model, [random_sae()], blocks(), options=FAST)
    same(asdict(a), asdict(b))
