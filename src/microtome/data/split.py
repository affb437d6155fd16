"""Held-out documents, told by the hash of their text."""

from collections.abc import Iterable, Iterator
from hashlib import blake2b

from microtome.errors import MicrotomeError

_ALL = 1 << 64


def held_out(text: str, share: float = 0.05) -> bool:
    """Whether a document is held out: the same on every machine, in every order and every corpus.

    Equal texts fall on the same side, so a duplicate never leaks.

    Args:
        text: of the whole document.
        share: of documents that are held out, from 0 to 1. What a smaller share holds out, a
            larger one does too.

    Raises:
        MicrotomeError: a share outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise MicrotomeError(f"the held-out share is {share}; it must lie between 0 and 1")
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * _ALL


def training_texts(texts: Iterable[str], share: float = 0.05) -> Iterator[str]:
    """The documents to train on, one after another."""
    return (text for text in texts if not held_out(text, share))


def held_out_texts(texts: Iterable[str], share: float = 0.05) -> Iterator[str]:
    """The documents to measure on, one after another."""
    return (text for text in texts if held_out(text, share))


def split_documents(texts: Iterable[str], share: float = 0.05) -> tuple[list[str], list[str]]:
    """Training and held-out texts of a corpus that fits into memory."""
    training: list[str] = []
    kept: list[str] = []
    for text in texts:
        (kept if held_out(text, share) else training).append(text)
    return training, kept
