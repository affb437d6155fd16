"""The viewer's types are those of the server's documents: each arrow is made anew and compared."""

import importlib.util
import json
import os
import subprocess
from pathlib import Path

import pytest

from microtome.server.openapi import document

ROOT = Path(__file__).parents[2]
VIEWER = ROOT / "viewer"
STALE = "make it anew: make schema"


def test_the_description_is_that_of_the_server():
    written = json.loads((VIEWER / "openapi.json").read_text())
    assert written == json.loads(json.dumps(document())), STALE


def test_the_types_are_those_of_the_description(tmp_path: Path):
    generator = VIEWER / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    if not generator.is_file():
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail("the viewer's packages are not installed")
        pytest.skip("the viewer's packages are not installed; install them: make viewer-check")
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    made = tmp_path / "schema.ts"
    with hook.node_environment() as environment:
        subprocess.run(
            ["node", str(generator), "openapi.json", "--output", str(made)],
            cwd=VIEWER,
            env=environment,
            capture_output=True,
            check=True,
        )
    assert made.read_text() == (VIEWER / "src" / "schema.ts").read_text(), STALE
