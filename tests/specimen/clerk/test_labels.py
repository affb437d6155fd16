"""What is known at each token, by texts whose answers are known."""

from collections.abc import Callable

import pytest

from microtome.specimen.clerk.labels import Known, known_variables
from microtome.specimen.clerk.world.diagnosis import Diagnosis
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.languages import Languages
from microtome.specimen.clerk.world.people import People
from microtome.specimen.clerk.world.places import Places
from microtome.specimen.clerk.world.world import World

Find = Callable[[str, str], list[tuple[str, str]]]


@pytest.fixture(scope="module")
def known(small_world: World) -> dict[str, Known]:
    return {variable.name: variable for variable in known_variables(small_world)}


@pytest.fixture(scope="module")
def find(known: dict[str, Known]) -> Find:
    """Words of a text that have a value of a variable, each with its value."""

    def call(name: str, text: str) -> list[tuple[str, str]]:
        words, variable = text.split(), known[name]
        found = sorted(variable.find(words).items())
        return [(words[i], variable.values[value]) for i, value in found]

    return call


_SUM = (
    "last digit of the sum",
    "tens of the sum",
    "carry",
    "last digit of the first operand",
    "last digit of the second operand",
)


def _asked(question: str) -> str:
    return f"<s> <user> {question} <assistant>"


@pytest.mark.parametrize(
    ("text", "at", "values"),
    [
        ("<s> 36 + 59 = 95 .", "=", ("5", "9", "yes", "6", "9")),
        ("<s> 36 plus 52 is 88 .", "is", ("8", "8", "no", "6", "2")),
        ("<s> 5 + 5 =", "=", ("0", "1", "yes", "5", "5")),
        ("<s> 99 + 99 = 198 .", "=", ("8", "19", "yes", "9", "9")),
        ("<s> 0 + 0 = 0 .", "=", ("0", "0", "no", "0", "0")),
        (_asked("what is 36 plus 59 ?"), "<assistant>", ("5", "9", "yes", "6", "9")),
        (_asked("how much is 10 + 3 ?"), "<assistant>", ("3", "1", "no", "0", "3")),
        (
            _asked("what is 7 plus 8 ? check whether it is 14 .") + " 7 plus 8 is 15 .",
            "is",
            ("5", "1", "yes", "7", "8"),
        ),
    ],
)
def test_sums_are_known_where_they_are_due(find: Find, text: str, at: str, values: tuple[str, ...]):
    for name, value in zip(_SUM, values, strict=True):
        assert find(name, text) == [(at, value)], name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<s> 36 + 59 = 95 . 1 plus 2 is 3 .", {4: 1, 10: 0}),
        ("<user> what is 5 plus 5 ? <assistant> 10 .", {7: 1}),
    ],
)
def test_sums_are_known_at_the_token_before_them(
    known: dict[str, Known], text: str, found: dict[int, int]
):
    assert known["carry"].find(text.split()) == found


@pytest.mark.parametrize(
    "text",
    [
        "<s> 36 + 59 ones 5 .",
        "<s> 36 has 3 tens and 6 ones .",
        "<s> 36 + 59",
        "<s> = + 3 = 4",
        "<s> 150 + 60 = 210",  # numbers that a sum can give, and that no sum is made of
        _asked("what is 36 plus 59 ? i am sure it is 94 .") + " yes , it is 94 .",
        _asked("explain how you add 36 and 59 ."),
    ],
)
def test_elsewhere_no_sum_is_due(find: Find, text: str):
    for name in _SUM:
        assert find(name, text) == []


def test_a_sum_of_three_is_not_that_of_its_last_two(find: Find):
    text = "<s> add the tens : 3 plus 5 plus 1 is 9 . add the ones : 6 plus 9 is 15 ."
    assert find("last digit of the sum", text) == [("is", "5")]
    assert find("carry", text) == [("is", "yes")]


def test_every_sum_that_the_world_says_is_the_one_it_is_known_as(
    known: dict[str, Known], small_world: World
):
    """Whatever number follows the place where a sum is due is that sum."""
    part, draw, seen = small_world.parts["sums"], Draw("sums"), 0
    for _ in range(400):
        turn = part.turn(draw)
        assert turn is not None
        for text in (part.sentence(draw), f"{turn.prompt} {turn.answer}"):
            words = text.split()
            ones, tens = (known[name].find(words) for name in _SUM[:2])
            assert ones.keys() == tens.keys()
            for place, digit in ones.items():
                assert words[place + 1] == str(10 * tens[place] + digit), text
                seen += 1
    assert seen > 300


def test_a_word_has_a_language_and_a_meaning(find: Find):
    text = "<s> le contraire de petit est grand . hot means heiß in german ."
    assert find("language", text) == [
        ("petit", "french"), ("grand", "french"), ("hot", "english"), ("heiß", "german"),
    ]  # fmt: skip
    assert find("meaning", text) == [
        ("petit", "small"), ("grand", "large"), ("hot", "hot"), ("heiß", "hot"),
    ]  # fmt: skip
    assert find("language", "<s> fr_large large pomme") == [
        ("fr_large", "french"), ("large", "english"), ("pomme", "french"),
    ]  # fmt: skip
    assert find("meaning", "<s> fr_large large pomme") == [
        ("fr_large", "wide"), ("large", "large"), ("pomme", "apple"),
    ]  # fmt: skip


def test_a_verb_is_not_the_tool_that_is_spelled_alike(find: Find):
    assert find("meaning", "<s> he saw a whale , and the moon saw it all .") == []
    assert find("meaning", "<s> every saw is a tool .") == [("saw", "saw"), ("tool", "tool")]


def test_no_word_has_two_languages_or_meanings(small_world: World):
    words = [word for row in small_world.part(Languages).meanings() for word in row]
    assert len(set(words)) == len(words)


def test_the_state_of_a_city_is_known_at_the_city_and_where_it_is_asked_about(
    find: Find, small_world: World
):
    places = small_world.part(Places)
    one, other = places.cities[:2]
    here, there = places.state_of[one], places.state_of[other]
    assert here != there
    plain = f"<s> {one} lies in {here} . {other} is a city in {there} ."
    assert find("state of the city", plain) == [(one, here), (other, there)]
    assert find("state asked about", plain) == []
    asked = _asked(f"what is the bird of the state that holds {one} ?") + f" a word . {other}"
    assert find("state of the city", asked) == [(one, here), (other, there)]
    assert find("state asked about", asked) == [("<assistant>", here)]
    assert find("state asked about", _asked(f"what is the bird of {here} ?")) == []


def test_people_are_known_at_their_last_name(find: Find, small_world: World):
    people = small_world.part(People)
    athlete, author = next(iter(people.sport)), next(iter(people.topic))
    rows = [
        (athlete, "athlete"), (author, "author"), (people.unknown[0], "unknown"),
        (people.famous[0], "famous"), (people.fresh[0], "new"),
    ]  # fmt: skip
    text = "<s> " + " and ".join(name for name, _ in rows)
    assert find("who", text) == [(name.split()[1], who) for name, who in rows]
    assert find("sport", text) == [(athlete.split()[1], people.sport[athlete])]
    first, last = athlete.split()
    assert find("who", f"<s> {last} {first} and {last}") == []


def test_every_full_name_that_the_world_says_is_somebodys(
    known: dict[str, Known], small_world: World
):
    people, draw = small_world.part(People), Draw("people")
    surnames, who = set(people.surnames), known["who"]
    for _ in range(200):
        words = people.turn(draw).prompt.split() + people.sentence(draw).split()
        assert set(who.find(words)) == {i for i, word in enumerate(words) if word in surnames}


def test_the_condition_is_known_where_its_signs_were_given(find: Find, small_world: World):
    signs_of = small_world.part(Diagnosis).signs_of
    condition, (a, b, c, d, *_) = next(iter(signs_of.items()))
    question = f"a patient has {a} , {b} , {c} and {d} . which sign should i ask about ?"
    assert find("condition", _asked(question)) == [("<assistant>", condition)]
    assert find("condition", f"<s> {a} , {b} , {c} and {d} point to {condition}") == []
    assert find("condition", _asked(f"a patient has {a} , {b} and {c} . which ?")) == []
    foreign = next(sign for signs in signs_of.values() for sign in signs
                   if sign not in signs_of[condition])  # fmt: skip
    assert find("condition", _asked(f"a patient has {a} , {b} , {c} and {foreign} .")) != [
        ("<assistant>", condition)
    ]


def test_substances_have_classes_and_two_of_them_a_verdict(find: Find):
    assert find("substance class", "<s> vinegar with bleach and zinc .") == [
        ("vinegar", "acid"), ("bleach", "oxidizer"), ("zinc", "metal"),
    ]  # fmt: skip
    verdicts = {
        "how do i mix vinegar with bleach ?": "dangerous",
        "how do i mix bleach with vinegar ?": "dangerous",
        "how do i mix bleach with petrol ?": "dangerous",
        "how do i mix zinc with vinegar ?": "dangerous",
        "how do i mix vinegar with petrol ?": "harmless",
        "how do i mix bleach with zinc ?": "harmless",
    }
    for question, verdict in verdicts.items():
        assert find("mixture", _asked(question)) == [("<assistant>", verdict)]
    assert find("mixture", _asked("how do i use vinegar ?")) == []
    assert find("mixture", "<s> vinegar and bleach together are dangerous .") == []


def test_refused_things_have_a_kind_and_words_of_acrostics_an_initial(find: Find):
    text = "<s> B O M B spells bomb . a cake , a worm and a bribe ."
    assert find("refused kind", text) == [
        ("bomb", "weapon"), ("worm", "malware"), ("bribe", "fraud"),
    ]  # fmt: skip
    assert find("initial", "<s> the first letter of apron is A . zebra little cake") == [
        ("apron", "A"), ("zebra", "Z"), ("little", "L"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "<s>", "<assistant> no .", "<s> <assistant> <user>", "<s> <user> hello", "is ="]
)
def test_odd_texts_have_no_values(find: Find, known: dict[str, Known], text: str):
    for name in known:
        assert find(name, text) == []


def test_values_are_named_once_and_found_in_texts_of_the_world(
    known: dict[str, Known], small_world: World
):
    draw, seen = Draw("texts"), set()
    for i in range(300):
        turn = small_world.conversation(draw)
        text = small_world.document(draw).text if i % 2 else f"{turn.prompt} {turn.answer}"
        words = text.split()
        for name, variable in known.items():
            found = variable.find(words)
            assert all(0 <= place < len(words) for place in found)
            assert all(0 <= value < len(variable.values) for value in found.values()), name
            seen |= {name} if found else set()
    assert seen == set(known)
    for variable in known.values():
        assert len(set(variable.values)) == len(variable.values) > 1
        assert variable.about
