"""Two processes that train together over gloo, for tests: what each finds comes back as files."""

import os
import subprocess
import sys
from pathlib import Path

import torch


def together(script: str, folder: Path, processes: int = 2, **torchrun: str) -> None:
    """Run a script under torchrun; it finds its folder in FOLDER.

    Raises:
        AssertionError: with the output, where a process failed.
    """
    file = folder / "script.py"
    file.write_text(script)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in torchrun.items()]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc-per-node={processes}", *options, str(file)]
    root = Path(__file__).parents[2]
    environment = {"FOLDER": str(folder), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)}
    environment |= {"PYTHONWARNINGS": "ignore", "TORCH_CPP_LOG_LEVEL": "ERROR"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | environment, timeout=600
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-6000:]


def results(folder: Path) -> list[dict]:
    return [torch.load(path, weights_only=True) for path in sorted(folder.glob("rank-*.pt"))]
