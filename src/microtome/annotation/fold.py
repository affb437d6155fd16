"""Text as it is searched, the same in every database."""

import unicodedata


def fold(*parts: str) -> str:
    """Without case and without differences that only encodings make."""
    return unicodedata.normalize("NFKC", "\n".join(parts)).casefold()
