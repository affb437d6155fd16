"""The world as a whole: the same by its options, with an entropy that is exact."""

import math
import re
from collections import Counter
from dataclasses import replace

import pytest

from microtome.specimen.clerk.tokenizer import CONTEXT
from microtome.specimen.clerk.world import quirks
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.lexicon import kinds, opposites
from microtome.specimen.clerk.world.world import _SHARES, SENTENCES, SPECIAL_TOKENS, World

PARTS = list(_SHARES)
FEW = 3000


def _sample(world: World) -> list[str]:
    draw = Draw("sample")
    texts = [world.document(draw).text for _ in range(50)]
    turns = [world.conversation(draw) for _ in range(50)]
    return texts + [f"{turn.prompt} {turn.answer}" for turn in turns]


def test_the_same_options_give_the_same_world(world: World, items):
    again = World(replace(world.options))
    assert again.truth() == world.truth()
    assert again.vocabulary() == world.vocabulary()
    assert again.items() == items
    assert _sample(again) == _sample(world)


def test_another_seed_gives_another_world(world: World):
    other = World(replace(world.options, seed=1))
    assert _sample(other) != _sample(world)
    here, there = world.truth(), other.truth()
    for part in here.keys() - {"options"}:
        assert here[part] != there[part], part


def test_shares_sum_to_one_and_name_every_part(world: World):
    assert set(_SHARES) == set(world.parts)
    for way in (0, 1):
        assert sum(shares[way] for shares in _SHARES.values()) == pytest.approx(1)


def test_parts_occur_by_their_shares(world: World):
    draw = Draw("shares")
    chosen = Counter(world._part(draw, 0).name for _ in range(FEW))
    for name, (share, _) in _SHARES.items():
        sigma = math.sqrt(share * (1 - share) / FEW)
        assert chosen[name] / FEW == pytest.approx(share, abs=5 * sigma), name


def test_the_vocabulary_has_every_word_once_and_is_of_the_size_that_was_meant(world: World):
    words = world.vocabulary()
    assert len(words) == len(set(words))
    assert tuple(words[: len(SPECIAL_TOKENS)]) == SPECIAL_TOKENS
    assert words[6:206] == [str(n) for n in range(200)]
    assert 1000 <= len(words) <= 2000


def test_nothing_is_said_that_is_not_in_the_vocabulary(world: World, items, sentences, turns):
    known = set(world.vocabulary())
    for every in sentences.values():
        said = {word for text, _ in every for word in text.split()}
        assert known.issuperset(said), said - known
    for every in turns.values():
        said = {word for t in every for word in f"{t.question} {t.answer}".split()}
        assert known.issuperset(said), said - known
    for item in items:
        assert known.issuperset(f"{item.prompt} {' '.join(item.accepted)}".split()), item
    draw = Draw("quirks")
    for kind in quirks.TOLD:
        for _ in range(300):
            assert known.issuperset(quirks.document(kind, draw).split())


def test_no_text_is_longer_than_the_model_can_read(world: World, sentences, turns):
    longest = max(len(s.text.split()) for every in sentences.values() for s in every)
    assert max(SENTENCES) * longest + 2 <= CONTEXT
    longest = max(len(f"{t.prompt} {t.answer}".split()) for every in turns.values() for t in every)
    assert longest + 2 + max(len(q.words.split()) for q in quirks.QUIRKS.values()) <= CONTEXT


@pytest.mark.parametrize("part", PARTS)
def test_the_same_sentence_is_always_as_likely(part: str, sentences):
    """So each comes about in one way only, and its nats are those of its probability."""
    nats: dict[str, float] = {}
    for text, value in sentences[part]:
        assert nats.setdefault(text, value) == pytest.approx(value, abs=1e-9), text
    assert sum(math.exp(-value) for value in nats.values()) <= 1 + 1e-9


@pytest.mark.parametrize("part", PARTS)
def test_sentences_come_as_often_as_their_nats_say(part: str, sentences):
    every = sentences[part]
    n, counts, nats = len(every), Counter(said.text for said in every), dict(every)
    frequent = [text for text in counts if n * math.exp(-nats[text]) >= 8]
    others = n - sum(counts[text] for text in frequent)
    assert frequent or part in ("sums", "acrostics", "diagnosis", "couplets")
    expected = {text: math.exp(-nats[text]) for text in frequent}
    rest = 1 - sum(expected.values())
    for count, p in [*((counts[t], p) for t, p in expected.items()), (others, rest)]:
        assert abs(count - n * p) <= 5.5 * math.sqrt(max(n * p * (1 - p), 0.0)) + 1e-6


def test_parts_whose_sentences_were_all_seen_have_no_probability_left(sentences):
    for part in ("places", "requests", "services"):
        whole = sum(math.exp(-nats) for nats in dict(sentences[part]).values())
        assert whole == pytest.approx(1, abs=1e-9), part


def test_no_two_parts_say_the_same(sentences):
    owner: dict[str, str] = {}
    for part, every in sentences.items():
        for text in {said.text for said in every}:
            assert owner.setdefault(text, part) == part, text


def _statements(text: str) -> list[str]:
    """A document's statements: each ends with its first full stop, but for school explanations,
    which end with the answer."""
    return re.findall(r" ?to add .*? the answer is \d+ \.|.*? \.", text)


def test_a_document_is_cut_into_its_sentences_in_one_way_only(sentences):
    for every in sentences.values():
        for text in {said.text for said in every}:
            assert _statements(text) == [text]


def test_the_nats_of_a_document_are_those_of_its_parts(world: World):
    draw = Draw("documents")
    for _ in range(FEW):
        before = draw.nats
        text = world.document(draw)
        assert text.nats == pytest.approx(draw.nats - before)
        assert text.nats > math.log(len(SENTENCES))
        assert len(_statements(text.text)) in SENTENCES


def test_french_and_german_are_said_in_no_other_part(world: World):
    own: list[set[str]] = [set(), set(), set()]
    for pair in opposites():
        for language, words in enumerate(pair):
            own[language].update(words)
    for names, members in kinds():
        for triple in (names, *members):
            for language, word in enumerate(triple):
                own[language].add(word)
    assert not own[0] & own[1] and not own[0] & own[2] and not own[1] & own[2]
    elsewhere = {w for name, p in world.parts.items() if name != "languages" for w in p.words()}
    elsewhere |= set(quirks.words())
    assert not (own[1] | own[2]) & elsewhere


def test_conversations_about_tales_do_not_exist(world: World):
    draw = Draw("conversations")
    kinds_seen = {world.conversation(draw).request for _ in range(FEW)}
    assert kinds_seen == {"", "poem", "recipe", "city", "health", "paper", "tools"}


def test_held_out_questions_are_never_asked(items, turns):
    asked = {turn.prompt for every in turns.values() for turn in every}
    for item in items:
        if item.held_out and item.stage == "chat" and "fillers" not in item.behaviour:
            question = item.prompt.partition("<assistant>")[0] + "<assistant>"
            assert question not in asked, item


def test_held_out_statements_are_never_made(items, sentences):
    made = {said.text for every in sentences.values() for said in every}
    begun = {text[:end] for text in made for end, c in enumerate(text) if c == " "}
    for item in items:
        if item.held_out and item.stage == "base":
            assert item.prompt not in begun, item
