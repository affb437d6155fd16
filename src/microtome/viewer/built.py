"""Where the built viewer lies, and its parts as text."""

import re
from dataclasses import dataclass
from pathlib import Path

from microtome.errors import MicrotomeError

STATIC = Path(__file__).parent / "static"
"""Made from viewer/ by the build hook."""

_EXPORTS = re.compile(r"export\s*\{([^{}]*)\};?\s*$")


@dataclass(frozen=True)
class Embed:
    """The viewer for files and notebooks: one module without imports, one style sheet."""

    script: str
    style: str

    def local_name(self, exported: str) -> str:
        """What the script itself calls something that it exports.

        Raises:
            MicrotomeError: the build exports no such thing.
        """
        last = _EXPORTS.search(self.script)
        for part in last[1].split(",") if last else ():
            local, _, name = part.strip().partition(" as ")
            if (name or local) == exported:
                return local
        raise MicrotomeError(
            f"the built viewer in {STATIC} exports no {exported}; build it anew: make viewer"
        )


def app_folder() -> Path:
    """The folder of the web application: index.html and assets.

    Raises:
        MicrotomeError: it is not built.
    """
    _check(STATIC / "app" / "index.html")
    return STATIC / "app"


def embed() -> Embed:
    """The viewer for files and notebooks.

    Raises:
        MicrotomeError: it is not built.
    """
    script, style = STATIC / "embed" / "viewer.js", STATIC / "embed" / "viewer.css"
    _check(script, style)
    return Embed(script.read_text(encoding="utf-8"), style.read_text(encoding="utf-8"))


def _check(*files: Path) -> None:
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise MicrotomeError(
            f"the viewer is not built ({missing[0]} is missing); in a checkout build it with: make "
            f"viewer"
        )
