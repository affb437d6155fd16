"""An edit of something that somebody else has edited since."""

from microtome.annotation.schema import Annotation, Supernode
from microtome.errors import MicrotomeError


class EditConflict(MicrotomeError):
    """The version that was edited is not the current one; nothing was written.

    `current` is what stands there now, None where there is nothing: merge with it, and put the
    result with its version.
    """

    def __init__(self, what: str, edited: int, current: Annotation | Supernode | None):
        self.current = current
        if current is None:
            found = "there is none"
        else:
            by = f" by {current.author}" if current.author else ""
            found = f"it stands at version {current.version}{by}"
        super().__init__(
            f"the edit of {what} started from version {edited}, but {found}; read it again and "
            f"edit that"
        )
