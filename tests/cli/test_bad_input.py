"""Bad input: one clear sentence, exit code 2, nothing written."""

import io
import json
import shutil
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from microtome.cli.app import main
from microtome.model import LanguageModel
from microtome.specimen.adder.tokenizer import build_tokenizer
from tests.atlas.atlases import write_atlas
from tests.circuit.dictionaries import tiny_dictionary
from tests.cli.conftest import Run, write_dictionary
from tests.model.families import CONFIGS, tiny_model

PROMPT = "3 + 4 ="


def refused(result, *words: str) -> None:
    """Exit code 2, one line on stderr that says these words, nothing on stdout."""
    assert result.code == 2, result
    assert result.out == ""
    assert result.err.startswith("microtome: ")
    assert result.err.strip().count("\n") == 0, result.err
    for word in words:
        assert word in result.err, result.err


def test_missing_model_folder(run: Run, dictionary_folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    refused(
        run("trace", "./no/such/model", PROMPT, "-d", dictionary_folder, "-o", out),
        "no/such/model does not exist",
    )
    assert not out.exists()


def test_a_folder_that_is_no_model(run: Run, dictionary_folder: Path, tmp_path: Path):
    refused(run("trace", tmp_path, PROMPT, "-d", dictionary_folder), "no config.json")


def test_a_hub_name_that_cannot_be_fetched(run: Run, dictionary_folder: Path):
    refused(run("trace", "nobody/nothing", PROMPT, "-d", dictionary_folder), "nobody/nothing")


def test_missing_dictionary(run: Run, model_folder: Path, tmp_path: Path):
    refused(run("trace", model_folder, PROMPT, "-d", tmp_path / "none"), "none")


def test_dictionary_of_another_width(run: Run, model_folder: Path, tmp_path: Path):
    wide = tiny_dictionary(tiny_model("gpt2"))
    narrow = replace(
        wide,
        encoders=tuple(replace(e, weight=e.weight[:, :20]) for e in wide.encoders),
        decoders=tuple(replace(d, weight=d.weight[..., :20]) for d in wide.decoders),
        biases=tuple(b[:20] for b in wide.biases),
    )
    folder = write_dictionary(narrow, tmp_path / "narrow")
    refused(run("trace", model_folder, PROMPT, "-d", folder), "width 20", "width 24")


def test_dictionary_of_another_layer_count(run: Run, model_folder: Path, tmp_path: Path):
    whole = tiny_dictionary(tiny_model("gpt2"))
    short = replace(
        whole,
        reads=whole.reads[:2],
        writes=whole.writes[:2],
        encoders=whole.encoders[:2],
        decoders=whole.decoders[:2],
        biases=whole.biases[:2],
        skips=(),
        sources=(),
    )
    folder = write_dictionary(short, tmp_path / "short")
    refused(run("trace", model_folder, PROMPT, "-d", folder), "2 layers", "has 3")


@pytest.mark.parametrize(
    ("side", "site", "words"),
    [
        ("writes", "blocks.{}.resid.post", "writes mlp.out"),
        ("reads", "blocks.{}.resid.post", "reads the MLP's input"),
        ("reads", "blocks.{}.nonsense", "unknown site"),
    ],
)
def test_dictionary_of_another_site(
    run: Run, model_folder: Path, tmp_path: Path, side: str, site: str, words: str
):
    sites = tuple(site.format(i) for i in range(3))
    wrong = replace(tiny_dictionary(tiny_model("gpt2")), **{side: sites})
    folder = write_dictionary(wrong, tmp_path / "wrong")
    refused(run("trace", model_folder, PROMPT, "-d", folder), words)


def test_an_sae_is_not_a_transcoder(run: Run, model_folder: Path, tmp_path: Path):
    sites = tuple(f"blocks.{i}.resid.post" for i in range(3))
    sae = replace(tiny_dictionary(tiny_model("gpt2")), reads=sites, writes=sites)
    folder = write_dictionary(sae, tmp_path / "sae")
    refused(run("trace", model_folder, PROMPT, "-d", folder), "needs a transcoder")


@pytest.mark.parametrize("prompt", ["", "   ", "\n"])
def test_empty_prompt(run: Run, model_folder: Path, dictionary_folder: Path, prompt: str):
    refused(run("trace", model_folder, prompt, "-d", dictionary_folder), "prompt is empty")


def test_prompt_longer_than_the_context(run: Run, model_folder: Path, dictionary_folder: Path):
    long = " ".join(["3"] * 60)
    refused(run("trace", model_folder, long, "-d", dictionary_folder), "61 tokens", "holds 40")


def test_unknown_target_token(run: Run, model_folder: Path, dictionary_folder: Path):
    arguments = ("trace", model_folder, PROMPT, "-d", dictionary_folder)
    refused(run(*arguments, "--token", "zebra"), "unknown token 'zebra'")
    refused(run(*arguments, "--token", "3", "--minus", "zebra"), "unknown token 'zebra'")
    refused(run(*arguments, "--minus", "3"), "--minus goes with exactly one --token")


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        ("3", "LAYER/FEATURE@POSITION"),
        ("a/b@c", "LAYER/FEATURE@POSITION"),
        ("7/0@2", "3 layers"),
        ("0/999@2", "32 features"),
        ("0/1@99", "not in a prompt of 5 tokens"),
    ],
)
def test_features_that_are_not_there(
    run: Run, model_folder: Path, dictionary_folder: Path, feature: str, words: str
):
    result = run("trace", model_folder, PROMPT, "-d", dictionary_folder, "--feature", feature)
    refused(result, words)


@pytest.mark.parametrize("keep", [0, 5, 2000])
def test_truncated_dictionary(
    run: Run, model_folder: Path, dictionary_folder: Path, tmp_path: Path, keep: int
):
    shutil.copytree(dictionary_folder, tmp_path / "cut")
    weights = tmp_path / "cut" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    refused(run("trace", model_folder, PROMPT, "-d", tmp_path / "cut"), "weights.safetensors")


def test_truncated_model(run: Run, model_folder: Path, dictionary_folder: Path, tmp_path: Path):
    shutil.copytree(model_folder, tmp_path / "cut")
    weights = tmp_path / "cut" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    result = run("trace", tmp_path / "cut", PROMPT, "-d", dictionary_folder)
    refused(result, "cannot load model", "cut")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [("num_hidden_layers", 5, "lacks model.layers.3"), ("vocab_size", 50, "another shape")],
)
def test_weights_that_do_not_belong_to_the_config(
    run: Run, model_folder: Path, tmp_path: Path, key: str, value: int, words: str
):
    """transformers would fill the gap with random numbers."""
    shutil.copytree(model_folder, tmp_path / "other")
    path = tmp_path / "other" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    refused(run("info", tmp_path / "other"), words, "do not belong together")


def test_unknown_family(run: Run, dictionary_folder: Path, tmp_path: Path):
    config = {"model_type": "falcon", "architectures": ["FalconForCausalLM"]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    refused(run("trace", tmp_path, PROMPT, "-d", dictionary_folder), "no adapter", "families.py")


def test_weights_that_are_not_finite_name_the_site(
    run: Run, model_folder: Path, dictionary_folder: Path, tmp_path: Path
):
    shutil.copytree(model_folder, tmp_path / "nan")
    weights = tmp_path / "nan" / "model.safetensors"
    tensors = load_file(weights)
    tensors["model.layers.1.mlp.down_proj.weight"][0, 0] = float("nan")
    save_file(tensors, weights, {"format": "pt"})
    out = tmp_path / "out"
    result = run("trace", tmp_path / "nan", PROMPT, "-d", dictionary_folder, "-o", out)
    refused(result, "blocks.1.mlp.out are not finite")
    assert not out.exists()


def test_an_output_folder_that_exists(
    run: Run, model_folder: Path, dictionary_folder: Path, tmp_path: Path
):
    arguments = ("trace", model_folder, PROMPT, "-d", dictionary_folder, "-o", tmp_path / "out")
    assert run(*arguments).code == 0
    before = (tmp_path / "out" / "edges.safetensors").stat().st_mtime_ns
    refused(run(*arguments), "exists; pass --force")
    assert (tmp_path / "out" / "edges.safetensors").stat().st_mtime_ns == before
    assert run(*arguments, "--force").code == 0
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    refused(run(*arguments[:-1], precious, "--force"), "not a microtome artifact")
    assert (precious / "thesis.txt").read_text() == "years of work"


def test_force_deletes_nothing_but_an_artifact_of_the_same_kind(
    run: Run, model_folder: Path, dictionary_folder: Path, tmp_path: Path
):
    arguments = ("trace", model_folder, PROMPT, "-d", dictionary_folder, "--force", "-o")
    app = tmp_path / "app"
    app.mkdir()
    (app / "manifest.json").write_text('{"kind": "webapp"}')
    refused(run(*arguments, app), "not a microtome artifact")
    other = write_dictionary(tiny_dictionary(tiny_model("gpt2")), tmp_path / "other")
    refused(run(*arguments, other), "holds a dictionary, not a graph")
    graph = tmp_path / "graph"
    assert run(*arguments, graph).code == 0
    (graph / "notes.txt").write_text("mine")
    refused(run(*arguments, graph), "notes.txt")
    refused(run("export", graph, graph / "nodes.json", "--force"), "inside an artifact")
    assert {f.name for f in graph.iterdir()} >= {"notes.txt", "nodes.json", "edges.safetensors"}


def test_a_dictionary_that_is_not_finite_is_named(run: Run, model_folder: Path, tmp_path: Path):
    whole = tiny_dictionary(tiny_model("gpt2"))
    whole.encoders[1].weight[3, 3] = float("nan")
    folder = write_dictionary(whole, tmp_path / "nan")
    refused(run("trace", model_folder, PROMPT, "-d", folder), "encoder at blocks.1.mlp.in")


def test_a_target_named_twice(run: Run, model_folder: Path, dictionary_folder: Path):
    arguments = ("trace", model_folder, PROMPT, "-d", dictionary_folder)
    refused(run(*arguments, "--token", "3", "--token", "3"), "named twice")


def test_a_graph_cut_off_half_way(
    run: Run, model_folder: Path, dictionary_folder: Path, tmp_path: Path
):
    out = tmp_path / "graph"
    assert run("trace", model_folder, PROMPT, "-d", dictionary_folder, "-o", out).code == 0
    edges = out / "edges.safetensors"
    whole = edges.read_bytes()
    edges.write_bytes(whole[: len(whole) // 2])
    refused(run("show", out), "incomplete", "edges.safetensors")
    edges.unlink()
    refused(run("show", out), "incomplete", "edges.safetensors")
    (out / "manifest.json").unlink()
    refused(run("show", out), "manifest.json")
    refused(run("show", tmp_path / "none"), "does not exist")
    refused(run("info", tmp_path / "none"), "none")


@pytest.mark.parametrize("option", [("--max-features", "-1"), ("--memory-gb", "lots")])
def test_options_out_of_range(
    run: Run, model_folder: Path, dictionary_folder: Path, option: tuple[str, str]
):
    result = run("trace", model_folder, PROMPT, "-d", dictionary_folder, *option)
    refused(result, f"invalid value for '{option[0]}'", "see microtome trace --help")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("train",), "missing argument"),
        (("trian",), "no such command 'trian'"),
        (("train", "--uot", "x"), "no such option: --uot"),
        (("specimen", "bild"), "no such command 'bild'"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(run: Run, arguments: tuple[str, ...], says: str):
    refused(run(*arguments), says, "--help")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_an_interrupted_command_says_so(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, code: int
):
    def slow(*_):
        signal.raise_signal(number)

    monkeypatch.setattr("microtome.cli.info.describe", slow)
    assert run("info", tmp_path) == (code, "", "microtome: interrupted\n")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_an_import_that_catches_the_interrupt_fails_without_a_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, code: int
):
    def torn(*_):
        with suppress(KeyboardInterrupt):
            signal.raise_signal(number)
        raise ImportError("cannot load module more than once per process")

    monkeypatch.setattr("microtome.cli.info.describe", torn)
    assert run("info", tmp_path) == (code, "", "microtome: interrupted\n")


def test_no_memory_for_a_dictionary_is_said(run: Run, model_folder: Path, tmp_path: Path):
    recipe, corpus = tmp_path / "r.toml", tmp_path / "c.txt"
    recipe.write_text("context = 16\nbatch_size = 4\n[[dictionary]]\nfeatures = 1000000000000")
    corpus.write_text("1 + 2 =\n\n3 + 4 =")
    sets = ("-s", f"model={model_folder}", "-s", f"corpus={corpus}", "-s", "buffer=16")
    refused(run("train", recipe, *sets, "-o", tmp_path / "out"), "out of memory")
    assert not (tmp_path / "out").exists()


def test_no_memory_is_refused(run: Run, model_folder: Path, dictionary_folder: Path):
    arguments = ("trace", model_folder, PROMPT, "-d", dictionary_folder)
    refused(run(*arguments, "--memory-gb", "0"), "expected more than 0")


def test_unknown_specimens_name_the_nearest(run: Run, tmp_path: Path):
    refused(run("info", "specimen:ader"), "did you mean 'adder'")
    refused(run("specimen", "build", "aderr", "-o", tmp_path / "x"), "did you mean 'adder'")
    refused(run("info", "specimen:adder/plx"), "did you mean 'plt'")


def test_training_with_bad_input_writes_nothing(run: Run, model_folder: Path, tmp_path: Path):
    recipe, corpus, out = tmp_path / "r.toml", tmp_path / "c.txt", tmp_path / "out"
    recipe.write_text(
        "context = 16\nsteps = 2\nbatch_size = 4\n[[dictionary]]\nfeatures = 8\nk = 2"
    )
    corpus.write_text("1 + 2 =\n\n3 + 4 =")
    model, texts = ("--set", f"model={model_folder}"), ("--set", f"corpus={corpus}")

    def refuses(says: str, *settings: str, path: Path = recipe) -> None:
        refused(run("train", path, "-o", out, *settings), says)

    refuses("none.toml", path=tmp_path / "none.toml")
    refuses("names no model")
    refuses("names no corpus", *model)
    refuses("none.txt", *model, "--set", f"corpus={tmp_path / 'none.txt'}")
    refuses("did you mean 'features'", *model, *texts, "--set", "featurs=8")
    refuses("layer 9 does not exist", *model, *texts, "--set", "layers=[9]")
    refuses(
        "fewer than a batch of 4096",
        *model,
        *texts,
        "--set",
        "data=memory",
        "--set",
        "batch_size=4096",
    )
    few = ("--set", "data=memory", "--set", "max_tokens=3")
    refuses("gives 3 tokens, fewer than a batch of 4", *model, *texts, *few)
    corpus.write_text("  \n\n ")
    refuses("has no text", *model, *texts)
    assert not any(out.glob("*/manifest.json"))


def test_a_store_of_another_model_or_with_a_damaged_shard(
    run: Run, model_folder: Path, tmp_path: Path
):
    recipe, corpus, store = tmp_path / "r.toml", tmp_path / "c.txt", tmp_path / "store"
    recipe.write_text(
        "context = 16\nsteps = 3\nbatch_size = 8\nheld_out = 0\ndata = 'store'\nmax_tokens = 60\n"
        f"store = '{store}'\ncorpus = '{corpus}'\n[[dictionary]]\nfeatures = 8\nk = 2\n"
    )
    corpus.write_text("\n\n".join(f"{i} + {i + 1} =" for i in range(30)))
    model = ("--set", f"model={model_folder}")
    assert run("train", recipe, *model, "-o", tmp_path / "a").code == 0
    large = ("--set", "batch_size=100")
    refused(run("train", recipe, *model, *large, "-o", tmp_path / "b"), "fewer than a batch")
    mine = ("--set", f"store={tmp_path}")
    refused(run("train", recipe, *model, *mine, "-o", tmp_path / "b"), "is not a store")
    other = tiny_model("llama", torch.float32)
    with torch.no_grad():
        other.unembed.weight.add_(1)
    other.hf.save_pretrained(tmp_path / "other")
    assert other.tokenizer is None
    build_tokenizer().save_pretrained(tmp_path / "other")
    elsewhere = ("--set", f"model={tmp_path / 'other'}")
    refused(run("train", recipe, *elsewhere, "-o", tmp_path / "b"), "model")
    refused(
        run("train", recipe, *model, "--set", "skip_first=false", "-o", tmp_path / "c"), "skip_"
    )
    texts = corpus.read_text()
    corpus.write_text(texts + " 1")
    refused(run("train", recipe, *model, "-o", tmp_path / "c"), "another corpus", str(corpus))
    moved = tmp_path / "moved.txt"
    moved.write_text(texts)
    assert run("train", recipe, *model, "-s", f"corpus={moved}", "-o", tmp_path / "m").code == 0
    corpus.write_text(texts)
    shard = next(store.glob("*.safetensors"))
    damaged = bytearray(shard.read_bytes())
    damaged[-3] ^= 255
    shard.write_bytes(damaged)
    refused(run("train", recipe, *model, "-o", tmp_path / "d"), shard.name)


def test_a_model_without_a_tokenizer_says_so(
    run: Run, dictionary_folder: Path, tmp_path: Path, tiny: LanguageModel
):
    tiny.hf.save_pretrained(tmp_path / "bare")
    refused(run("trace", tmp_path / "bare", PROMPT, "-d", dictionary_folder), "no tokenizer")
    assert CONFIGS["llama"].model_type == "llama"
    assert torch.is_tensor(tiny.unembed.weight)


def test_a_terminal_that_knows_no_unicode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_atlas(tmp_path / "atlas")
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="ascii"))
    command = ["microtome", "atlas", "show", str(tmp_path / "atlas"), "0/1"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    sys.stdout.flush()
    assert not ended.value.code and b"?" in shown.getvalue()
