"""Faces of packages: their public names, loaded when they are first used, so that a command or a
server imports only what it needs."""

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


def lazy_face(package: str, homes: Mapping[str, str]) -> None:
    """Load the public names of a package on first use.

    Args:
        package: its `__name__`.
        homes: modules below it, each with the names that come from there, apart by spaces.
    """
    face = sys.modules[package]
    face.__class__ = _Face
    vars(face)["_homes"] = {
        name: f"{package}.{module}" for module, names in homes.items() for name in names.split()
    }


class _Face(ModuleType):
    _homes: dict[str, str]

    def __getattr__(self, name: str) -> Any:
        home = self._homes.get(name)
        if home is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        found = getattr(import_module(home), name)
        vars(self)[name] = found
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        # an import sets a submodule on its package: `circuit.prune` stays the function
        if not (isinstance(value, ModuleType) and name in self._homes):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._homes})
