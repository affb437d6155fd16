"""The one exception type that a user is meant to read."""


class MicrotomeError(Exception):
    """Bad input: one sentence that names the file, field or site, what was expected, what to do.

    Commands print the sentence and exit with code 2; nothing is written.
    """
