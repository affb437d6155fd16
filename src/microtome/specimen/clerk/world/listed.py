"""Lists of words that are read as lines."""


def listed(words: str) -> list[str]:
    """Words between blanks."""
    return words.split()
