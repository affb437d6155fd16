"""The server: artifacts, annotations and model jobs over HTTP, on this machine."""

from microtome.server.app import create_app
from microtome.server.library import entry_id
from microtome.server.serving import Address, RunningServer, serve
from microtome.server.settings import Limits, Settings

__all__ = [
    "Address",
    "Limits",
    "RunningServer",
    "Settings",
    "create_app",
    "entry_id",
    "serve",
]
