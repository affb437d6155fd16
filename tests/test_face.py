"""Packages load what they are asked for and nothing else, so that commands and servers start at
once."""

import subprocess
import sys
from importlib import import_module
from types import ModuleType

import pytest

PACKAGES = (
    "microtome",
    "microtome.artifact",
    "microtome.atlas",
    "microtome.circuit",
    "microtome.dictionary",
    "microtome.dictionary.formats",
    "microtome.evaluation",
    "microtome.explain",
)
HEAVY = "torch", "transformers", "matplotlib", "numba", "scipy", "sklearn", "umap", "datasets"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there(package: str):
    face = import_module(package)
    for name in face.__all__:
        assert not isinstance(getattr(face, name), ModuleType)
    assert set(face.__all__) == set(face._homes)
    assert set(face.__all__) <= set(dir(face))


def test_a_module_does_not_hide_the_function_of_its_name():
    import_module("microtome.circuit.prune")
    from microtome.circuit import prune

    assert callable(prune)


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match=r"'microtome\.circuit' has no attribute 'proon'"):
        import_module("microtome.circuit").proon  # noqa: B018


@pytest.mark.parametrize(
    "modules",
    [
        "microtome.server",
        "microtome.cli.app, microtome.atlas.show, microtome.explain.artifact, microtome.specimen",
    ],
)
def test_starting_loads_no_tensors(modules: str):
    code = f"import sys, {modules}; print(*(name for name in {HEAVY} if name in sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == ""
