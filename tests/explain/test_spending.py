"""What is used is counted, and a budget is kept."""

import pytest

from microtome.errors import MicrotomeError
from microtome.explain import Prices, Spending, Stopped
from tests.explain.asking import ASKED, Clock, ask, made
from tests.explain.server import Chat


def test_what_the_endpoint_says_it_used_is_counted(chat: Chat, clock: Clock):
    chat.usage = {"prompt_tokens": 1000, "completion_tokens": 50}
    endpoint = made(chat, clock, spending=Spending(Prices(2.0, 10.0)))
    ask(endpoint, ASKED, ASKED)
    assert (endpoint.spending.tokens_in, endpoint.spending.tokens_out) == (2000, 100)
    assert endpoint.spending.cost == pytest.approx(0.005)


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": -5}, {"prompt_tokens": "many"}])
def test_or_else_an_estimate(chat: Chat, clock: Clock, usage: dict | None):
    chat.usage = usage
    endpoint = made(chat, clock, spending=Spending(Prices(2.0, 10.0)))
    ask(endpoint, ASKED)
    assert 10 < endpoint.spending.tokens_in < 40
    assert 1 < endpoint.spending.tokens_out < 10


def test_a_budget_is_never_passed(chat: Chat, clock: Clock):
    chat.usage = {"prompt_tokens": 20, "completion_tokens": 60}  # as long as allowed
    budget = 0.0095
    endpoint = made(chat, clock, at_once=8, spending=Spending(Prices(2.0, 10.0), budget))
    with pytest.raises(Stopped, match=r"budget of 0.0095 is used up: .*--budget goes on"):
        ask(endpoint, *[ASKED] * 40)
    cost = len(chat.requests) * (20 * 2 + 60 * 10) / 1e6
    assert 0 < cost <= budget
    assert (endpoint.spending.cost or 0) <= budget


def test_a_budget_needs_prices():
    with pytest.raises(MicrotomeError, match="a budget needs prices"):
        Spending(budget=1.0)
    with pytest.raises(MicrotomeError, match="a price is -1"):
        Prices(-1, 2)
