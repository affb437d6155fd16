"""A language model behind an OpenAI-compatible endpoint."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from microtome.explain.key import Key, check_url
from microtome.explain.question import Question, Stopped
from microtome.explain.spending import Spending

ATTEMPTS = 7
_LATER = (408, 409, 425, 429, 500, 502, 503, 504, 529)
"""Statuses after which the same request may succeed."""
_LONGEST_WAIT = 600.0
_SHOWN = 200
"""Characters of an endpoint's own words in a message of ours."""


class Endpoint:
    """Chat completions over HTTP; requests that fail for a while are made again."""

    def __init__(
        self,
        url: str,
        model: str,
        key: Key,
        spending: Spending,
        at_once: int = 4,
        timeout: float = 120.0,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ):
        """
        Args:
            url: base URL, such as https://api.openai.com/v1.
            model: its name there.
            key: sent as a bearer token; none where it is empty.
            spending: counts what is used, and stops at a budget.
            at_once: requests under way, at most.
            timeout: seconds in which an answer must begin to arrive and go on arriving.
            wait: sleeps for some seconds of `clock`; tests put something faster here.
            clock: the time in seconds.
        """
        self.url = check_url(url)
        self.name = model
        self.at_once = at_once
        self.spending = spending
        self._key = key
        self._timeout = timeout
        self._wait, self._clock = wait, clock
        self._client: httpx.AsyncClient | None = None
        self._places: asyncio.Semaphore | None = None
        self._not_before = 0.0
        self._stopped: Stopped | None = None
        self._dialect = {"max_tokens": "max_tokens", "temperature": "temperature"}

    async def answer(self, question: Question) -> str:
        """
        Raises:
            Stopped: refused, or no answer after several attempts, or the budget is used up. Then
                no other question is sent either, but those under way are waited for.
        """
        try:
            return await self._answer(question)
        except Stopped as stopped:
            self._stopped = stopped
            raise

    async def _answer(self, question: Question) -> str:
        if self._client is None or self._places is None:
            self._client = httpx.AsyncClient(timeout=self._timeout, headers=self._key.headers())
            self._places = asyncio.Semaphore(self.at_once)
        async with self._places:
            problem = ""
            for attempt in range(ATTEMPTS):
                await self._pause()
                if self._stopped:
                    raise self._stopped
                answer, problem, seconds = await self._ask(self._client, question)
                if answer is not None:
                    return answer
                self._later(attempt, seconds)
        raise Stopped(
            f"{self.url} did not answer in {ATTEMPTS} attempts ({problem}); what was answered is "
            f"kept, and the same command goes on from there"
        )

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
        self._client = self._places = self._stopped = None

    async def _pause(self) -> None:
        """Until the time comes that the endpoint has asked for, of all requests."""
        while (seconds := self._not_before - self._clock()) > 0:
            await self._wait(seconds)

    def _later(self, attempt: int, asked_for: float | None) -> None:
        """Exponential backoff with jitter, or what the endpoint asks for."""
        seconds = asked_for
        if seconds is None:
            seconds = min(2.0**attempt, 60.0) * random.uniform(0.5, 1.0)
        if seconds > _LONGEST_WAIT:
            raise Stopped(
                f"{self.url} asks to wait for {seconds:.0f} s; what was answered is kept, run the "
                f"same command then"
            )
        self._not_before = max(self._not_before, self._clock() + seconds)

    async def _ask(
        self, client: httpx.AsyncClient, question: Question
    ) -> tuple[str | None, str, float | None]:
        """One request: the answer, or why there is none and for how long to wait if that is said.

        Raises:
            Stopped: refused for good, or the budget is used up.
        """
        reserved = self.spending.reserve(question)
        try:
            response = await client.post(f"{self.url}/chat/completions", json=self._body(question))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            self.spending.release(reserved)
            return None, self._clean(error), None
        except httpx.RequestError as error:  # it may have been read, answered and billed
            self.spending.settle(reserved, question, None)
            return None, self._clean(error), None
        except BaseException:
            self.spending.settle(reserved, question, None)
            raise
        if response.status_code != 200:
            self.spending.release(reserved)
            return None, self._refusal(response), _retry_after(response)
        text, usage = _content(response)
        self.spending.settle(reserved, question, text, usage)
        if text is None:
            return None, "its answers are not chat completions", None
        return self._key.hidden_in(text), "", None

    def _body(self, question: Question) -> dict[str, Any]:
        values = {"max_tokens": question.max_tokens, "temperature": question.temperature}
        named = {
            self._dialect[name]: value for name, value in values.items() if self._dialect[name]
        }
        return {"model": self.name, "messages": question.messages} | named

    def _refusal(self, response: httpx.Response) -> str:
        """Why a request was refused for now.

        Raises:
            Stopped: it is refused for good.
        """
        status, said = response.status_code, self._clean(response.text)
        if status in _LATER:
            return f"status {status}: {said}" if said else f"status {status}"
        if status == 400 and self._other_dialect(response.text):
            return f"status {status}"
        if 300 <= status < 400:
            said = "it redirects; give the address that it redirects to"
        elif status in (401, 403) and not self._key.text:
            said = f"it wants a key; set MICROTOME_API_KEY. {said}"
        raise Stopped(f"{self.url} refused model {self.name!r} with status {status}: {said}")

    def _other_dialect(self, said: str) -> bool:
        """Reasoning models name the limit otherwise, and have one temperature only."""
        if "max_completion_tokens" in said and self._dialect["max_tokens"] == "max_tokens":
            self._dialect["max_tokens"] = "max_completion_tokens"
            return True
        if "temperature" in said and self._dialect["temperature"]:
            self._dialect["temperature"] = ""
            return True
        return False

    def _clean(self, said: object) -> str:
        """Words of others as one short line without the key."""
        text = self._key.hidden_in(str(said) or type(said).__name__)
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return line if len(line) <= _SHOWN else line[:_SHOWN] + "…"


def _content(response: httpx.Response) -> tuple[str | None, object]:
    """The text of a chat completion and its usage; no text where it is something else."""
    try:
        body = response.json()
        message = body["choices"][0]["message"]
        text = message.get("content")
        usage = body.get("usage")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return None, None
    if text is None:  # a refusal, or nothing after all the thinking
        return "", usage
    return (text, usage) if isinstance(text, str) else (None, usage)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the endpoint asks to wait: a number of them, or a date."""
    said = response.headers.get("retry-after", "").strip()
    try:
        seconds = float(said)
    except ValueError:
        try:
            until = parsedate_to_datetime(said)
        except ValueError:
            return None
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        seconds = (until - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0) if seconds == seconds else None
