"""Questions over HTTP: what fails for a while is tried again, what is refused is not."""

import json
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from microtome.explain import Endpoint, Prices, Spending, Stopped, explain_atlas, read_labels
from microtome.explain.endpoint import ATTEMPTS
from microtome.explain.journal import ANSWERS
from microtome.explain.key import Key
from tests.explain.asking import ASKED, SECRET, Clock, ask, made
from tests.explain.minds import oracle
from tests.explain.server import Chat, Reply
from tests.explain.world import World, atlas_folder


def test_a_question_is_a_chat_completion(chat: Chat, endpoint: Endpoint):
    assert ask(endpoint, ASKED) == ["it is a dog"]
    assert chat.paths == ["/v1/chat/completions"]
    assert chat.keys == [f"Bearer {SECRET}"]
    assert chat.requests == [
        {
            "model": "tiny",
            "messages": [
                {"role": "system", "content": "You answer."},
                {"role": "user", "content": "What is it?"},
            ],
            "max_tokens": 60,
            "temperature": 0.0,
        }
    ]


def test_without_a_key_none_is_sent(chat: Chat, clock: Clock):
    ask(made(chat, clock, key=""), ASKED)
    assert chat.keys == [None]


def test_too_many_requests_wait_as_long_as_they_are_told(
    chat: Chat, endpoint: Endpoint, clock: Clock
):
    chat.script = [Reply(429, "slow down", {"retry-after": "17"}), None]
    assert ask(endpoint, ASKED) == ["it is a dog"]
    assert clock.waits == [pytest.approx(17)]


def test_or_until_a_date(chat: Chat, endpoint: Endpoint, clock: Clock):
    until = datetime.now(UTC) + timedelta(seconds=90)
    chat.script = [Reply(503, "", {"retry-after": format_datetime(until, usegmt=True)})]
    assert ask(endpoint, ASKED) == ["it is a dog"]
    assert clock.waits == [pytest.approx(90, abs=3)]


def test_all_questions_wait_then(chat: Chat, endpoint: Endpoint, clock: Clock):
    endpoint.at_once = 1
    chat.script = [Reply(429, "", {"retry-after": "17"})]
    assert ask(endpoint, ASKED, ASKED) == ["it is a dog"] * 2
    assert sum(clock.waits) == pytest.approx(17)


def test_a_wait_of_hours_is_not_waited_for(chat: Chat, endpoint: Endpoint):
    chat.script = [Reply(429, "", {"retry-after": "7200"})]
    with pytest.raises(Stopped, match="asks to wait for 7200 s"):
        ask(endpoint, ASKED)


@pytest.mark.parametrize("header", ["soon", "nan", "-5", "99 bottles"])
def test_a_strange_wait_is_no_wait(chat: Chat, endpoint: Endpoint, clock: Clock, header: str):
    chat.script = [Reply(429, "", {"retry-after": header})]
    assert ask(endpoint, ASKED) == ["it is a dog"]
    assert all(wait <= 1 for wait in clock.waits)


def test_errors_of_the_server_are_waited_out_longer_and_longer(
    chat: Chat, endpoint: Endpoint, clock: Clock
):
    chat.script = [Reply(500), Reply(502), Reply(503), Reply(529)]
    assert ask(endpoint, ASKED) == ["it is a dog"]
    assert len(clock.waits) == 4
    for attempt, wait in enumerate(clock.waits):
        assert 0.5 * 2**attempt <= wait <= 2**attempt


def test_but_not_for_ever(chat: Chat, endpoint: Endpoint):
    chat.script = [Reply(500, "out of order")] * ATTEMPTS
    with pytest.raises(Stopped, match=rf"did not answer in {ATTEMPTS} attempts \(status 500: out"):
        ask(endpoint, ASKED)
    assert len(chat.requests) == ATTEMPTS


def test_what_takes_too_long_is_asked_again_and_counted(chat: Chat, clock: Clock):
    endpoint = made(chat, clock, timeout=0.3)
    chat.script = [Reply(hangs=True)]
    assert ask(endpoint, ASKED) == ["it is a dog"]
    assert len(chat.requests) == 2
    assert endpoint.spending.requests == 2  # it may have been billed
    assert endpoint.spending.tokens_out > ASKED.max_tokens


def test_nobody_there(clock: Clock):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = Endpoint(
        f"http://127.0.0.1:{port}/v1", "m", Key(), Spending(), wait=clock.wait, clock=clock.time
    )
    with pytest.raises(Stopped, match=r"did not answer .*connection"):
        ask(endpoint, ASKED)
    assert endpoint.spending.requests == 0


MALFORMED = (
    "not json", "[]", "{}", '{"choices": []}', '{"choices": [{"message": 3}]}', b"\xff\xfe",
    '{"choices": [{"message": {"content": [1]}}]}', '{"choices": {"0": 1}}', "null",
)  # fmt: skip


@pytest.mark.parametrize("body", MALFORMED)
def test_what_is_no_chat_completion_is_asked_again(chat: Chat, endpoint: Endpoint, body):
    chat.script = [Reply(200, body)]
    assert ask(endpoint, ASKED) == ["it is a dog"]


def test_and_in_the_end_refused(chat: Chat, endpoint: Endpoint):
    chat.script = [Reply(200, "<html>hello</html>")] * ATTEMPTS
    with pytest.raises(Stopped, match="its answers are not chat completions"):
        ask(endpoint, ASKED)


def test_a_message_without_content_is_an_empty_answer(chat: Chat, endpoint: Endpoint):
    chat.script = [Reply(200, '{"choices": [{"message": {"content": null}}]}')]
    assert ask(endpoint, ASKED) == [""]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(401, '{"error": "bad key"}'), "status 401: .*bad key"),
        (Reply(404, "no such model"), "refused model 'tiny' with status 404: no such model"),
        (Reply(400, "context too long"), "status 400: context too long"),
        (Reply(307, "", {"location": "http://elsewhere.example/"}), "it redirects"),
    ],
)
def test_what_is_refused_for_good_is_not_tried_again(chat, endpoint, reply: Reply, said: str):
    chat.script = [reply]
    with pytest.raises(Stopped, match=said):
        ask(endpoint, ASKED)
    assert len(chat.requests) == 1


def test_other_names_of_parameters_are_learned(chat: Chat, endpoint: Endpoint):
    chat.script = [
        Reply(400, "'max_tokens' is not supported; use 'max_completion_tokens' instead"),
        Reply(400, "'temperature' does not support 0.0 with this model"),
    ]
    assert ask(endpoint, ASKED) == ["it is a dog"]
    assert set(chat.requests[-1]) == {"model", "messages", "max_completion_tokens"}


def test_no_more_at_once_than_allowed(chat: Chat, clock: Clock):
    chat.gate = threading.Barrier(3)
    ask(made(chat, clock, at_once=3), *[ASKED] * 12)
    assert chat.most_at_once == 3


@pytest.fixture
def explained(chat: Chat, clock: Clock, tmp_path: Path) -> Callable[..., None]:
    chat.think = oracle
    atlas, world = atlas_folder(tmp_path / "atlas"), World(features=3)

    def call(**options) -> None:
        explain_atlas(atlas, world, world.keys, made(chat, clock, **options))
        scores = [label.score for label in read_labels(tmp_path / "atlas-labels").values()]
        assert scores == [1.0] * 3

    return call


def test_trouble_on_the_way_changes_no_score(chat: Chat, explained: Callable[..., None]):
    chat.script = [Reply(429), None, Reply(500), Reply(200, "oops"), None, Reply(503)]
    explained()


def test_what_was_paid_for_is_not_bought_again(chat: Chat, explained: Callable[..., None]):
    prices = Prices(2.0, 10.0)
    with pytest.raises(Stopped, match="budget"):
        explained(spending=Spending(prices, 0.02))
    bought = len(chat.requests)
    assert bought > 3
    explained(spending=Spending(prices, 10.0))
    asked = [json.dumps(body) for body in chat.requests]
    assert len(set(asked)) == len(asked)
    assert len(asked) > bought


def test_what_is_under_way_at_a_refusal_is_waited_for(
    chat: Chat, explained: Callable[..., None], tmp_path: Path
):
    def slowly(system: str, user: str) -> str:
        time.sleep(0.2)
        return oracle(system, user)

    chat.think, chat.script = slowly, [Reply(401)]
    chat.gate = threading.Barrier(3)
    with pytest.raises(Stopped, match="401"):
        explained()
    chat.gate = None
    assert len(chat.requests) == 3
    (journal,) = tmp_path.rglob(ANSWERS)
    assert len(journal.read_text().splitlines()) == 2
    explained()
