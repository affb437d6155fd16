"""A disk without room is named, and nothing half-written is left."""

import errno
import os

import numpy as np
import pytest

from microtome.atlas.checkpoint import claim, save_checkpoint
from microtome.errors import MicrotomeError


def test_no_room_for_the_plan(tmp_path, monkeypatch):
    def full(handle: int):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MicrotomeError, match=f"cannot write {tmp_path}: No space left on device"):
        claim(tmp_path, {"options": 1})
    assert not list(tmp_path.iterdir())


def test_an_array_that_is_cut_short(tmp_path, monkeypatch):
    def cut(*_, **__):
        raise OSError("12800 requested and 10224 written")  # what NumPy says

    monkeypatch.setattr(np, "save", cut)
    with pytest.raises(MicrotomeError, match="no space is left; the last one"):
        save_checkpoint(tmp_path, {"a": np.zeros(3)}, {})
