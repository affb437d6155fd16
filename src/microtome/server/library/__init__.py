"""What is there to look at: artifacts found in the folders that the server was given."""

from microtome.server.library.found import Found, entry_id
from microtome.server.library.library import ArtifactLibrary, NotThere

__all__ = ["ArtifactLibrary", "Found", "NotThere", "entry_id"]
