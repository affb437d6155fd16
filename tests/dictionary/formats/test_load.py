"""Which format a path is taken for, and names on the hub."""

from fnmatch import fnmatch

import pytest

from microtome.dictionary import load_dictionary, save_dictionary
from microtome.dictionary.formats.hub import HubName
from microtome.errors import MicrotomeError
from tests.dictionary.formats.test_sparsify import write as write_sparsify
from tests.dictionary.samples import D_IN, FEATURES, dictionary, saelens_folder


def refused(path: object, says: str, **sites: str) -> None:
    with pytest.raises(MicrotomeError, match=says) as caught:
        load_dictionary(str(path), **sites)
    assert "\n" not in str(caught.value)


def test_the_name_is_the_path_that_was_given(tmp_path):
    saelens_folder(tmp_path / "sae")
    assert load_dictionary(tmp_path / "sae").name == str(tmp_path / "sae")


@pytest.mark.parametrize("file", ["cfg.json", "sae_weights.safetensors"])
def test_a_file_stands_for_its_folder(tmp_path, file):
    saelens_folder(tmp_path)
    assert load_dictionary(tmp_path / file).kind == "sae"


def test_microtomes_own_names_its_sites(tmp_path):
    save_dictionary(dictionary("plt"), tmp_path / "d")
    assert load_dictionary(tmp_path / "d" / "manifest.json").kind == "plt"
    refused(tmp_path / "d", "names its own sites; leave out reads and writes", reads="x")


def test_a_folder_of_something_else(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    refused(tmp_path, "holds no dictionary that microtome reads; expected manifest.json, config")
    refused(tmp_path / "notes.txt", "is a file; pass the folder of the dictionary")


def test_hidden_folders_are_not_searched(tmp_path):
    saelens_folder(tmp_path / "sae")
    saelens_folder(tmp_path / ".cache" / "sae")
    assert load_dictionary(tmp_path).kind == "sae"


def test_saelens_and_sparsify_are_told_apart_by_their_weights(tmp_path):
    saelens_folder(tmp_path / "theirs")
    config = {"d_in": D_IN, "num_latents": FEATURES, "k": 2}
    write_sparsify(tmp_path / "layers.0", config)
    assert load_dictionary(tmp_path / "theirs").info["format"] == "saelens"
    assert load_dictionary(tmp_path / "layers.0").info["format"] == "sparsify"
    assert load_dictionary(tmp_path / "layers.0" / "sae.safetensors").kind == "sae"
    refused(tmp_path, "dictionaries of two formats, .*theirs and .*layers.0; pass one")


def test_two_formats_in_a_folder(tmp_path):
    saelens_folder(tmp_path / "sae")
    (tmp_path / "layer_0").mkdir()
    (tmp_path / "layer_0" / "params.npz").write_bytes(b"")
    refused(tmp_path, "dictionaries of two formats, .*sae and .*layer_0; pass one")


@pytest.mark.parametrize("name", ["nothing", "./no/where", "/no/where", "a b/c", "../../x/y/z", ""])
def test_a_path_that_does_not_exist(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    refused(name, "does not exist; give the folder" if name else "without a name")


def test_a_slip_in_a_path_is_not_taken_for_a_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    refused("runs/dictionary", "runs/dictionary does not exist")


def test_offline_a_hub_name_is_one_sentence():
    refused("owner/repository", "owner/repository is not a local path and could not be downloaded")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b", HubName("a/b", "", None)),
        ("a/b/", HubName("a/b", "", None)),
        ("hf://a/b", HubName("a/b", "", None)),
        ("a/b/c/layer_1", HubName("a/b", "c/layer_1", None)),
        ("a/b@v1", HubName("a/b", "", "v1")),
        ("a/b/c@refs/pr/1", HubName("a/b", "c", "refs/pr/1")),
        ("hf://a/b/c.npz?revision=v1", HubName("a/b", "c.npz", "v1")),
        ("a", None),
        ("/a/b", None),
        ("a/b/../c", None),
        ("../a/b", None),
        ("http://a/b", None),
    ],
)
def test_hub_names(text, expected):
    assert HubName.parse(text) == expected


@pytest.mark.parametrize("inside", ["", "deep/sae"])
def test_a_repository_is_downloaded(tmp_path, monkeypatch, inside):
    asked = {}

    def download(repository, revision, allow_patterns, local_files_only=False):
        asked.update(repository=repository, revision=revision, patterns=allow_patterns)
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    saelens_folder(tmp_path / inside)
    name = f"owner/repository/{inside}@v1".replace("/@", "@")
    d = load_dictionary(name)
    assert d.name == name
    assert (asked["repository"], asked["revision"]) == ("owner/repository", "v1")
    assert "deep/sae/*.safetensors" in asked["patterns"] or not inside
    others = [p for p in asked["patterns"] if not p.endswith("ae.pt")]
    assert not any(pattern.endswith((".bin", ".pt", "*")) for pattern in others)


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("blocks.3.hook_resid_post/sae_weights.safetensors", True),
        ("blocks.3.hook_resid_post/cfg.json", True),
        ("layers.3.mlp/sae.safetensors", True),
        ("resid_post_layer_3/trainer_0/ae.pt", True),
        ("layer_12.safetensors", True),
        ("W_enc_0.safetensors", True),
        ("W_dec_11.safetensors", True),
        ("layer_3/width_16k/average_l0_68/params.npz", True),
        ("params_layer_3.safetensors", True),
        ("weights.safetensors", True),
        ("model.safetensors", False),
        ("model-00001-of-00002.safetensors", False),
        ("checkpoints/ae_100.pt", False),
        ("tokenizer.json", False),
        ("activations.npz", False),
    ],
)
def test_of_a_whole_repository_only_dictionaries_are_downloaded(file, wanted):
    name = HubName.parse("owner/repository")
    assert name is not None
    assert any(fnmatch(file, pattern) for pattern in name._patterns()) == wanted


def test_a_repository_without_that_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(tmp_path))
    refused("owner/repository/gone", "hub repository owner/repository has no gone")
