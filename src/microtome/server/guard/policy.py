"""Whether a request may come in: its path, Host, Origin and token.

The browser is the door: a page of any site can send requests to a server on loopback, and after
DNS rebinding even read the answers. So the Host must be one of ours, writes must come from our own
pages, and no page of another site gets anything.
"""

import hmac
import ipaddress
import re
import socket
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

from starlette.types import Scope

from microtome.server.settings import Settings, is_loopback

TOKEN_QUERY = "token"
_PATH = re.compile(rb"(/[A-Za-z0-9._~-]+)*/?")
"""Of everything here: ids and names of assets. Nothing needs an encoded character."""
_MAX_PATH = 512
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_ANY = frozenset({"0.0.0.0", "::", ""})


class Refused(Exception):
    """Why a request does not come in: a status and one sentence."""

    def __init__(self, status: int, detail: str):
        super().__init__(detail)
        self.status, self.detail = status, detail


class Policy:
    """The rules, made once from the settings."""

    def __init__(self, settings: Settings):
        self._token = settings.token.encode()
        self._outside = not is_loopback(settings.host)
        self._hosts = {"localhost", *(host.lower() for host in settings.hosts)}
        if settings.host not in _ANY:
            self._hosts.add(settings.host.lower())
        elif self._outside:
            self._hosts |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    def check(self, scope: Scope) -> None:
        """Let a request in.

        Raises:
            Refused: says why not.
        """
        self.check_where_from(scope)
        if self._token and not self._knows_token(scope, Headers(scope)):
            raise Refused(
                401,
                "this server asks for its token; open the address that it printed when it started",
            )

    def check_where_from(self, scope: Scope) -> None:
        """All but the token.

        Raises:
            Refused: says why not.
        """
        check_path(scope)
        headers = Headers(scope)
        self._check_host(headers)
        self._check_origin(scope, headers)

    def token_of_query(self, scope: Scope) -> bool:
        """Whether the address itself holds the token, to be kept in a cookie."""
        given = [v for k, v in parse_qsl(scope["query_string"].decode("latin-1")) if k == "token"]
        return bool(self._token) and len(given) == 1 and self._is_token(given[0])

    def cookie(self, scope: Scope) -> str:
        """The header that makes a browser remember the token; gone when the browser is closed."""
        value = self._token.decode()
        return f"{_cookie_name(scope)}={value}; HttpOnly; SameSite=Strict; Path=/"

    def _check_host(self, headers: "Headers") -> None:
        given = headers.all("host")
        match = _HOST.fullmatch(given[0]) if len(given) == 1 else None
        if match is None or not self._is_ours(match[1].lower()):
            shown = given[0][:100] if given else ""
            raise Refused(
                403,
                f"the Host {shown!r} is not this server's; open it by its own address, or start it "
                f"with --allow-host",
            )

    def _is_ours(self, host: str) -> bool:
        if host in self._hosts:
            return True
        try:
            address = ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            return False
        # an address, unlike a name, cannot be made to mean another machine
        return address.is_loopback or self._outside

    def _check_origin(self, scope: Scope, headers: "Headers") -> None:
        site = headers.one("sec-fetch-site")
        is_page = scope["method"] in _READS and not scope["path"].startswith("/api")
        if site in ("cross-site", "same-site") and not is_page:
            raise Refused(403, "requests from pages of other sites are refused")
        origins = headers.all("origin")
        if scope["method"] in _READS and not origins:
            return
        own = f"{scope.get('scheme', 'http')}://{headers.one('host')}".lower()
        if any(origin.lower() != own for origin in origins):
            raise Refused(403, "requests from pages of other sites are refused")

    def _knows_token(self, scope: Scope, headers: "Headers") -> bool:
        given = [headers.one("authorization").removeprefix("Bearer ").strip()]
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(headers.one("cookie"))
        except CookieError:
            cookies.clear()
        if found := cookies.get(_cookie_name(scope)):
            given.append(found.value)
        # every one is compared, so that the time tells nothing
        return any([self._is_token(token) for token in given])  # noqa: C419

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._token)


class Headers:
    """Headers of a request, as text."""

    def __init__(self, scope: Scope):
        self._pairs = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self._pairs if key == name]

    def one(self, name: str) -> str:
        """The only value; empty where there is none or several."""
        values = self.all(name)
        return values[0] if len(values) == 1 else ""


def check_path(scope: Scope) -> None:
    """Refuse paths that could mean something else to somebody: encoded, relative, too long."""
    raw = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    path = raw.partition(b"?")[0]
    names = path.split(b"/")
    if len(path) > _MAX_PATH or not _PATH.fullmatch(path) or b"." in names or b".." in names:
        raise Refused(400, "the path is not one that this server has")


def _cookie_name(scope: Scope) -> str:
    """Cookies know no ports, but servers on several ports have several tokens."""
    server = scope.get("server")
    return f"microtome-{server[1] if server else 0}"
