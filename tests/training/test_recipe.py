"""Recipes: defaults, overrides, sweeps, and sentences for what is wrong."""

from pathlib import Path

import pytest

from microtome.errors import MicrotomeError
from microtome.training import DictionaryRecipe, load_recipe, make_recipe
from microtome.training.layout import layout

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.toml"))


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "r.toml"
    file.write_text("steps = 10\n[[dictionary]]\nkind = 'plt'\n[[dictionary]]\nkind = 'sae'\n")
    return file


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda p: p.stem)
def test_the_recipes_we_ship_are_recipes(recipe: Path):
    assert load_recipe(recipe).dictionary


def test_overrides(path):
    read = load_recipe(
        path, ["steps=7", "k=5", "dictionary.1.features=64", "model=a/b", "pack=true"]
    )
    assert (read.steps, read.model, read.pack) == (7, "a/b", True)
    assert [d.k for d in read.dictionary] == [5, 5]
    assert [d.features for d in read.dictionary] == [4096, 64]


def test_sweeps_are_spread_and_named():
    table = {"kind": "sae", "k": [8, 16], "architecture": ["topk", "batchtopk"]}
    names = [d.name for d in make_recipe({"dictionary": [table]}).dictionary]
    assert names == ["sae-k8-topk", "sae-k8-batchtopk", "sae-k16-topk", "sae-k16-batchtopk"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("step = 3", "unknown key step; did you mean 'steps'"),
        ("[[dictionary]]\nfeature = 3", "did you mean 'features'"),
        ("[[dictionary]]\nk = 0", r"dictionary\.0\.k: .*greater than or equal to 1"),
        ("[[dictionary]]\nfeatures = 8\nk = 9", "k = 9 is more than features = 8"),
        ("[[dictionary]]\nkind = 'clt'\nlinear_skip = true", "linear_skip is for a plt"),
        ("[[dictionary]]\nkind = 'sae'\ntwo_models = true", "two_models is for a crosscoder"),
        ("[[dictionary]]\nkind = 'crosscoder'\ntwo_models = true", "needs other_model"),
        ("[[dictionary]]\n[[dictionary]]", "two dictionaries are named 'sae-batchtopk'"),
        ("[[dictionary]]\nlearning_rate = inf", "learning_rate"),
        ("[[dictionary]]\nlearning_rate = nan", "learning_rate"),
        ("[[dictionary]]\nprefixes = [0.5, 0.2, 1.0]", "must be above 0, rise and end"),
        ("[[dictionary]]\nprefixes = [0, 1.0]", "must be above 0"),
        ("[[dictionary]]\nbandwidth = inf", "finite number"),
        ("[[dictionary]]\nk = []", r"k = \[\] sweeps over nothing"),
        ("[[dictionary]]\nk = ['a']", r"k: Input should be a valid integer"),
        ("[[dictionary]]\nname = 3", "name: Input should be a valid string"),
        ("[[dictionary]]\nkind = []", "kind: Input should be"),
        ("[[dictionary]]\nlayers = []", "give at least one, in rising order"),
        ("[[dictionary]]\nlayers = [1, 1]", "in rising order"),
        ("[[dictionary]]\nname = 'a'\n[[dictionary]]\nname = 'A'", "two dictionaries are named"),
        ("data = 'store'\n[[dictionary]]", "needs store, a folder"),
        ("dictionary = 3", "dictionary"),
        ("", "dictionary: Field required"),
        ("kind = [", "is not TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, says):
    file = tmp_path / "bad.toml"
    file.write_text(text)
    with pytest.raises(MicrotomeError, match=says):
        load_recipe(file)


def test_files_and_overrides_that_are_wrong(path, tmp_path):
    with pytest.raises(MicrotomeError, match="does not exist"):
        load_recipe(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(MicrotomeError, match="is not TOML"):
        load_recipe(tmp_path / "bytes.toml")
    for override, says in [
        ("steps", "expected key=value"),
        ("stepz=3", "did you mean 'steps'"),
        ("dictionary.7.k=3", "has 2 dictionaries"),
        ("dictionary.0.kk=3", "did you mean 'k'"),
        ("dictionary.².k=3", r"expected dictionary.NUMBER.KEY=value"),
        ("dictionary=3", r"expected dictionary.NUMBER.KEY=value"),
        ("k=2\nsteps=3", "unable to parse string as an integer"),
        ("seed=-1", "seed: Input should be greater"),
        ("seed=99999999999999999999", "seed: Input should be less"),
        ("steps=99999999999", "steps: Input should be less"),
    ]:
        with pytest.raises(MicrotomeError, match=says):
            load_recipe(path, [override])


@pytest.mark.parametrize("name", ["a/b", "..", "/tmp/x", ".a", " ", "a\0b", "x" * 101, "Ä/.."])
def test_a_name_that_is_no_folder_in_the_run(name):
    with pytest.raises(MicrotomeError, match="cannot be named"):
        make_recipe({"dictionary": [{"name": name}]})


@pytest.mark.parametrize(
    "name", ["tensorboard", "Checkpoint-000000002", "recipe.json", "step", "data-0-of-1"]
)
def test_a_name_that_the_run_has_for_something_else(name):
    with pytest.raises(MicrotomeError, match="the run itself has something named"):
        make_recipe({"dictionary": [{"name": name}]})


def test_as_many_sites_are_written_as_read():
    """Otherwise weights of one site would be written through indices of another."""
    for fields in ({"write": "embed"}, {"site": "embed"}):
        for kind in ("plt", "clt"):
            with pytest.raises(MicrotomeError, match="into both, or name one"):
                layout(DictionaryRecipe.model_validate({"kind": kind} | fields), 3)


def test_layouts():
    def of(**named):
        return layout(DictionaryRecipe.model_validate(named), 3)

    clt = of(kind="clt")
    assert clt.reads[1] == "blocks.1.mlp.in"
    assert clt.targets == ((0, 1, 2), (1, 2), (2,))
    sae = of(kind="sae", layers=[2])
    assert sae.reads == sae.writes == ("blocks.2.resid.post",)
    two = of(kind="crosscoder", two_models=True, layers=[1])
    assert two.reads == ("blocks.1.resid.post", "other:blocks.1.resid.post")
    assert two.sources == two.targets == ((0, 1),)
    assert of(kind="sae", site="embed").reads == ("embed",)
    with pytest.raises(MicrotomeError, match="layer 3 does not exist"):
        of(kind="sae", layers=[3])
