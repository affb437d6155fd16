"""What a server is told: folders, who may come in, how much at once."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from microtome.errors import MicrotomeError

MIN_TOKEN = 16


@dataclass(frozen=True)
class Limits:
    """Sizes, times and numbers, so that no request and no client can take everything."""

    body_bytes: int = 4 << 20
    import_bytes: int = 64 << 20
    """Of a graph to import."""
    body_seconds: float = 30.0
    """Until the whole of a request has arrived."""
    requests: int = 16
    """Answered at once; more wait for their turn."""
    streams: int = 64
    """Of events, at once."""
    queued_jobs: int = 16
    kept_jobs: int = 100
    """Ended jobs that are remembered."""
    kept_results: int = 16
    job_seconds: float = 3600.0


@dataclass(frozen=True)
class Settings:
    """Everything that decides what a server does.

    Raises:
        MicrotomeError: no folder, or another host than this machine without a token.
    """

    folders: tuple[Path, ...]
    out: Path | None = None
    """Where new graphs go; `traces` in the first folder unless given."""
    database: str | None = None
    """File or URL of annotations; `annotations.sqlite` in the first folder unless given."""
    host: str = "127.0.0.1"
    """That is bound."""
    token: str = ""
    """Asked of every request; nobody is asked where it is empty."""
    hosts: tuple[str, ...] = ()
    """Names under which the server is reached, besides its own; a request for any other is
    refused."""
    specimens: bool = True
    """Whether the bundled specimens are served too."""
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self):
        if not self.folders:
            raise MicrotomeError("there is nothing to serve: name at least one folder")
        if not self.token and not is_loopback(self.host):
            raise MicrotomeError(
                f"host {self.host} can be reached from other machines, so a token is needed; pass "
                f"--token, or leave --host out"
            )
        if self.token and not _is_token(self.token):
            raise MicrotomeError(
                f"the token must be {MIN_TOKEN} or more letters, digits, - and _; leave it out to "
                f"have one made"
            )


def is_loopback(host: str) -> bool:
    """Whether an address to bind is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_token(token: str) -> bool:
    plain = token.replace("-", "").replace("_", "")
    return len(token) >= MIN_TOKEN and token.isascii() and (plain.isalnum() or not plain)
