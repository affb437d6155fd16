"""Dictionaries by name: local paths, and repositories of the Hugging Face hub."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from microtome.errors import MicrotomeError

SCHEME = "hf://"
_NAME = re.compile(
    r"(?P<repository>[\w.-]+/[\w.-]+)(?P<inside>(?:/[\w.=+-]+)*)/?"
    r"(?:(?:@|\?revision=)(?P<revision>[\w./-]+))?"
)
_TENSORS = (".safetensors", ".npz", "ae.pt")
_ENDINGS = (*_TENSORS, ".json", ".yaml")
"""Endings of files that a dictionary can consist of; nothing else is downloaded of a folder."""

_NAMES = (
    "manifest.json",
    "config.yaml",
    "cfg.json",
    "config.json",
    "weights.safetensors",
    "layer_*.safetensors",
    "W_???_*.safetensors",
    "sae.safetensors",
    "ae.pt",
    "params.npz",
    "params.safetensors",
)
"""Names of such files, with any beginning; of a whole repository nothing else is downloaded,
because models lie beside dictionaries."""
_FILES = (
    "manifest.json",
    "config.yaml",
    "cfg.json",
    "sae_weights.safetensors",
    "sae.safetensors",
    "ae.pt",
    "params.npz",
    "params.safetensors",
)
"""Files that only a dictionary's folder has, and that stand for it."""

_OFFLINE = ContextVar("offline", default=False)


@contextmanager
def offline() -> Iterator[None]:
    """Nothing is downloaded inside the block: only what was downloaded before is found."""
    token = _OFFLINE.set(True)
    try:
        yield
    finally:
        _OFFLINE.reset(token)


@dataclass(frozen=True)
class HubName:
    """`owner/repository[/folder or file][@revision]`, also as `hf://...?revision=...`."""

    repository: str
    inside: str
    """Path in the repository; empty for all of it."""
    revision: str | None

    @staticmethod
    def parse(text: str) -> "HubName | None":
        """Read a name; None if it cannot be one."""
        match = _NAME.fullmatch(text.removeprefix(SCHEME))
        if match is None or {".", ".."} & set(match["repository"].split("/")):
            return None
        inside = match["inside"].strip("/")
        if {".", ".."} & set(inside.split("/")):
            return None
        return HubName(match["repository"], inside, match["revision"])

    def fetch(self) -> Path:
        """Download what the name stands for, or find it in the local cache.

        Raises:
            MicrotomeError: it cannot be reached, or the repository has no such path.
        """
        from huggingface_hub import snapshot_download

        try:
            root = snapshot_download(
                self.repository,
                revision=self.revision,
                allow_patterns=self._patterns(),
                local_files_only=_OFFLINE.get(),
            )
        except (OSError, ValueError) as error:
            reason = str(error).strip().splitlines()[0].rstrip(".")
            raise MicrotomeError(
                f"{self.repository} is not a local path and could not be downloaded from the "
                f"Hugging Face hub ({reason}); check the name, your connection and your access"
            ) from error
        path = Path(root) / self.inside
        if not path.exists():
            raise MicrotomeError(
                f"hub repository {self.repository} has no {self.inside} that a dictionary could be "
                f"read from; check the path"
            )
        return path

    def _patterns(self) -> list[str]:
        if self.inside.endswith(_TENSORS):
            return [self.inside]
        if self.inside:
            return [f"{self.inside}/*{ending}" for ending in _ENDINGS]
        return [f"*{name}" for name in _NAMES]


def locate(text: str) -> Path:
    """The folder that a local path or a hub name stands for, downloaded where it has to be.

    Raises:
        MicrotomeError: neither a local path nor a repository that can be fetched.
    """
    if not text:
        raise MicrotomeError("a dictionary without a name; give its folder or its hub name")
    path = Path(text).expanduser()
    if path.exists():
        return _folder(path)
    name = HubName.parse(text)
    # runs/3/dictionary, in a place that has runs/, is a slip in a path rather than a repository
    slip = (
        not text.startswith(SCHEME) and Path(text).parts[:1] and Path(Path(text).parts[0]).is_dir()
    )
    if name is None or slip:
        raise MicrotomeError(
            f"{text} does not exist; give the folder of a dictionary, or a Hugging Face hub name "
            f"such as owner/repository/folder"
        )
    return _folder(name.fetch())


def _folder(path: Path) -> Path:
    """The folder meant by a path; files that only a dictionary has stand for theirs."""
    if path.is_dir():
        return path
    if path.name in _FILES:
        return path.parent
    raise MicrotomeError(f"{path} is a file; pass the folder of the dictionary")
