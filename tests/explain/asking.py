"""Asking an endpoint of a test, in time that passes only by waiting."""

import asyncio

from microtome.explain import Endpoint, Spending
from microtome.explain.key import Key
from microtome.explain.question import Question
from microtome.explain.together import all_of
from tests.explain.server import Chat

SECRET = "sk-test-0123456789abcdef"
ASKED = Question("You answer.", "What is it?", 60)


class Clock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def time(self) -> float:
        return self.now

    async def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def made(chat: Chat, clock: Clock, key: str = SECRET, **options) -> Endpoint:
    spending = options.pop("spending", Spending())
    return Endpoint(
        chat.url, "tiny", Key(key), spending, wait=clock.wait, clock=clock.time, **options
    )


def ask(endpoint: Endpoint, *questions: Question) -> list[str]:
    async def all_of_them() -> list[str]:
        try:
            return await all_of(endpoint.answer(q) for q in questions)
        finally:
            await endpoint.close()

    return asyncio.run(all_of_them())
