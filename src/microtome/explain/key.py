"""API keys: from the environment only, to where they belong only, and never shown."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from microtome.errors import MicrotomeError

OUR_KEY, OPENAI_KEY = "MICROTOME_API_KEY", "OPENAI_API_KEY"
_OPENAI_HOST = "api.openai.com"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SHORTEST = 4
"""A shorter key is not searched for in texts: it would be found everywhere."""


@dataclass(frozen=True)
class Key:
    """A key, or none. Its text is in no representation of it."""

    text: str = field(default="", repr=False)

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.text}"} if self.text else {}

    def hidden_in(self, text: str) -> str:
        """A text that somebody else wrote, without the key, should they have repeated it."""
        return text.replace(self.text, "***") if len(self.text) >= _SHORTEST else text


def key_for(url: str, environment: Mapping[str, str] = os.environ) -> Key:
    """The key for an endpoint: MICROTOME_API_KEY, or at OpenAI's own address OPENAI_API_KEY.

    Raises:
        MicrotomeError: the key is no header, or would travel over a network in the clear.
    """
    parts = urlsplit(url)
    name, text = OUR_KEY, environment.get(OUR_KEY, "").strip()
    if not text and parts.hostname == _OPENAI_HOST:
        name, text = OPENAI_KEY, environment.get(OPENAI_KEY, "").strip()
    if not all("!" <= character <= "~" for character in text):
        raise MicrotomeError(f"{name} holds a space or a character that is not ASCII; set it anew")
    if text and parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise MicrotomeError(
            f"{name} would be sent to {parts.hostname} without encryption; use https, or unset it"
        )
    return Key(text)


def check_url(url: str) -> str:
    """An endpoint's base URL, without a slash at its end.

    Raises:
        MicrotomeError: not an http(s) URL, or one that holds a password or a query.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = None, None
    if parts is None or parts.scheme not in ("http", "https") or not host:
        raise MicrotomeError(
            "the endpoint is not a URL such as https://api.openai.com/v1 or http://localhost:8000/v1"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise MicrotomeError(
            f"the endpoint's URL holds more than an address; keys come from {OUR_KEY} in the "
            f"environment, so that they are written nowhere"
        )
    return url.rstrip("/").removesuffix("/chat/completions")
