"""Being refused what any user is refused, for tests that are run by root."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_VERSION = 0x20080522
_PASSES_EVERYWHERE = 0b1110
"""CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH and CAP_FOWNER of linux/capability.h."""


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Set(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


@contextmanager
def as_any_user() -> Iterator[None]:
    """Let the modes of files count in this thread, and in those that are started in the block."""
    if os.geteuid() != 0:
        yield
        return
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        before = _capabilities(libc)
    except (AttributeError, OSError):
        pytest.skip("root cannot be refused anything here")
    _set(libc, [one.effective & ~_PASSES_EVERYWHERE if i == 0 else one.effective
                for i, one in enumerate(before)], before)  # fmt: skip
    try:
        yield
    finally:
        _set(libc, [one.effective for one in before], before)


def _capabilities(libc: ctypes.CDLL) -> ctypes.Array:
    sets = (_Set * 2)()
    if libc.capget(ctypes.byref(_Header(_VERSION, 0)), sets):
        raise OSError(ctypes.get_errno(), "capget")
    return sets


def _set(libc: ctypes.CDLL, effective: list[int], before: ctypes.Array) -> None:
    sets = (_Set * 2)(*(_Set(e, one.permitted, one.inheritable)
                        for e, one in zip(effective, before, strict=True)))  # fmt: skip
    if libc.capset(ctypes.byref(_Header(_VERSION, 0)), sets):
        raise OSError(ctypes.get_errno(), "capset")
