"""Searches against what the files hold, and X-rays against the model."""

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from microtome.atlas.page import XRay, XRayLayer
from microtome.atlas.query import Atlas, open_atlas
from microtome.atlas.search import xray_ranks
from microtome.atlas.xray import features_on_text
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site
from tests.atlas.atlases import STRINGS, feature_table, write_atlas
from tests.circuit.dictionaries import tiny_dictionary
from tests.model.families import VOCABULARY, tiny_model


@pytest.fixture(scope="module")
def atlas(tmp_path_factory) -> Atlas:
    path = tmp_path_factory.mktemp("atlases") / "atlas"
    write_atlas(path, encoders=2, features=400)
    return open_atlas(path)


def test_labels_by_their_words(atlas: Atlas):
    found = atlas.search_label("ends IN 5", limit=7)
    assert found.total == sum(i % 3 == 0 and i % 10 == 5 for i in range(800))
    assert len(found.rows) == 7
    scores = [row.score for row in found.rows if row.score is not None]
    assert scores == sorted(scores, reverse=True)
    assert atlas.search_label("5 sum").total == found.total, "words in any order"
    for phrase in ("sum ending in 5", "Sums ending in 5", "sum ends in 5"):
        again = atlas.search_label(phrase, limit=7)
        assert again.total == found.total
        assert [row.id for row in again.rows] == [row.id for row in found.rows]
        listed = atlas.rows(sort="match", text=phrase, limit=7)
        assert [row.id for row in listed.rows] == [row.id for row in found.rows]
    assert atlas.search_label("nothing has this").rows == []
    assert atlas.search_label("  ").rows == []


def test_tokens_by_share_of_activations(atlas: Atlas):
    table = feature_table(atlas.content, 0, 800).to_pylist()
    wanted = {i for i, text in enumerate(STRINGS) if text.strip().lower() == "dog"}
    expected = {
        row["id"]: sum(
            s
            for t, s in zip(row["active_tokens"], row["active_shares"], strict=True)
            if t in wanted
        )
        for row in table
        if wanted & set(row["active_tokens"])
    }
    found = atlas.search_token("dog", limit=1000)
    assert found.total == len(expected)
    assert {row.id: row.score for row in found.rows} == pytest.approx(expected)
    scores = [row.score for row in found.rows]
    assert scores == sorted(scores, reverse=True)
    exact = atlas.search_token(" Dog", limit=1000)
    assert exact.total < found.total
    promoted = atlas.search_token("dog", limit=1000, by="promote")
    assert {r.id for r in promoted.rows} == {
        row["id"] for row in table if wanted & set(row["top_tokens"])
    }
    with pytest.raises(MicrotomeError, match="no token of tiny's vocabulary is written 'zebra'"):
        atlas.search_token("zebra")
    with pytest.raises(MicrotomeError, match="by what"):
        atlas.search_token("dog", by="smell")


def test_similar_features(atlas: Atlas):
    row = feature_table(atlas.content, 0, 800).slice(404, 1).to_pylist()[0]
    for by, scores in (("decoder", "cosines"), ("encoder", "cosines"), ("coactive", "scores")):
        found = atlas.similar(1, 4, by)
        assert [r.id for r in found.rows] == row[f"{by}_neighbours"]
        assert [r.score for r in found.rows] == pytest.approx(row[f"{by}_{scores}"])
    with pytest.raises(MicrotomeError, match="similar by what"):
        atlas.similar(1, 4, "name")


def test_rare_and_strong_features_say_most_of_a_text(atlas: Atlas):
    density = atlas.columns["density"]
    alive = [i for i in range(400) if density[i] > 0]
    rare, common = min(alive, key=lambda i: density[i]), max(alive, key=lambda i: density[i])
    layer = XRayLayer(
        encoder=0, layer=2, site="", offsets=[0, 2, 4, 6],
        features=[rare, common, rare, common, alive[0], rare],
        values=[0.5, 2.0, 2.0, 1.0, 9.0, 9.0],
    )  # fmt: skip
    counts = [True, True, False]
    xray = XRay(text="", tokens=["a", "b", "c"], counts=counts, layers=[layer], labels={})
    found = atlas.on_text(xray)
    assert [(r.id, r.score) for r in found.rows] == [(rare, 2.0), (common, 2.0)]
    assert found.total == 2
    ranks = xray_ranks(xray, atlas.content, atlas.columns)
    assert [(one.id, one.position) for one in ranks] == [(rare, 1), (common, 0)]
    assert ranks[0].telling > ranks[1].telling
    labelled = atlas.labelled(xray, {(0, rare): ("mine", "person")})
    assert labelled.labels[f"0/{rare}"] == "mine"


def with_tokenizer(model: LanguageModel) -> LanguageModel:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit

    words = Tokenizer(WordLevel({f"w{i}": i for i in range(VOCABULARY)}, unk_token="w0"))
    words.pre_tokenizer = WhitespaceSplit()  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, bos_token="w1")
    return LanguageModel(model.hf, tokenizer, "tiny")


def test_an_xray_is_what_the_encoders_make_of_the_run():
    model = with_tokenizer(tiny_model("llama", torch.float32))
    dictionary = tiny_dictionary(model, "clt").to("cpu", torch.float32)
    xray = features_on_text(model, dictionary, "w1 w5 w6 w7")
    assert xray.tokens == ["w1", "w5", "w6", "w7"]
    assert xray.counts == [False, True, True, True]
    run = model.run(torch.tensor([[1, 5, 6, 7]]), list(dictionary.reads))
    for i, layer in enumerate(xray.layers):
        dense = dictionary.encoders[i].encode(run[Site.parse(dictionary.reads[i])][0]).dense()
        for position in range(4):
            part = slice(layer.offsets[position], layer.offsets[position + 1])
            expected = dense[position].nonzero()[:, 0]
            assert layer.features[part] == expected.tolist()
            assert layer.values[part] == pytest.approx(dense[position, expected].tolist(), rel=1e-4)


def test_xrays_of_heads_and_crosscoders():
    from microtome.dictionary import Activation, Decoder, Encoder

    model = with_tokenizer(tiny_model("gpt2", torch.float32))
    d = model.d_model
    for reads in (("blocks.0.attn.head.out",), ("blocks.0.resid.post", "blocks.2.resid.post")):
        n = len(reads)
        dictionary = Dictionary(
            reads=reads, writes=reads,
            encoders=(Encoder(torch.randn(9, n * d), torch.zeros(9), Activation("relu")),),
            decoders=(Decoder(torch.randn(9, n, d), tuple(range(n))),),
            biases=tuple(torch.zeros(d) for _ in reads), sources=(tuple(range(n)),),
        )  # fmt: skip
        layer = features_on_text(model, dictionary, "w3 w4 w5").layers[0]
        assert len(layer.offsets) == 4 and layer.layer == 0 and len(layer.features) > 0


def test_texts_and_dictionaries_that_do_not_fit():
    model = with_tokenizer(tiny_model("gpt2", torch.float32))
    dictionary = tiny_dictionary(model, "plt")
    with pytest.raises(MicrotomeError, match="empty"):
        features_on_text(model, dictionary, "  ")
    from dataclasses import replace

    two = replace(dictionary, reads=("other:blocks.0.mlp.in", *dictionary.reads[1:]))
    with pytest.raises(MicrotomeError, match="second model"):
        features_on_text(model, two, "w3 w4")
