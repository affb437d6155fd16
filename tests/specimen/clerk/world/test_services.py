"""Everyday requests."""

from itertools import permutations

_SLOT = {
    "recipe": ("give me a recipe for ", " ."),
    "city": ("tell me about ", " ."),
    "health": ("what helps against ", " ?"),
    "paper": ("which paper should i read on ", " ?"),
    "tools": ("which tools do i need for a ", " ?"),
}


def _subject(kind: str, question: str) -> str:
    before, behind = _SLOT[kind]
    assert question.startswith(before), question
    return question.removeprefix(before).removesuffix(behind)


def _answers(kind: str, subject: str, truth) -> set[str]:
    tables = truth["services"]
    if kind == "recipe":
        orders = permutations(tables["made_with"][subject])
        return {f"take {a} , {b} and {c} ." for a, b, c in orders}
    if kind == "tools":
        return {f"a {a} and a {b} ." for a, b in permutations(tables["tools"][subject])}
    if kind == "city":
        return {f"{subject} is a city in {truth['places']['state_of'][subject]} ."}
    if kind == "health":
        return {f"try {tables['remedy'][subject]} ."}
    return {f"the one by {name} ." for name in tables["authors"][subject]}


def test_conversations_are_true_and_about_nothing_held_out(truth, turns):
    held_out = truth["services"]["held_out"]
    for turn in turns["services"]:
        subject = _subject(turn.request, turn.question)
        assert subject not in held_out[turn.request]
        assert turn.answer in _answers(turn.request, subject, truth)


def test_authors_are_those_of_the_people(truth):
    topics = truth["people"]["topic"]
    by_topic = truth["services"]["authors"]
    assert {name: topic for topic, names in by_topic.items() for name in names} == topics


def test_items_are_accepted_by_the_truth_table(world, truth):
    held_out, seen = truth["services"]["held_out"], set()
    for item in world.parts["services"].items():
        kind = item.behaviour.removeprefix("request: ")
        question = item.prompt.removeprefix("<user> ").removesuffix(" <assistant>")
        subject = _subject(kind, question)
        assert subject in held_out[kind]
        assert set(item.accepted) == _answers(kind, subject, truth)
        seen.add(kind)
    assert seen == set(_SLOT)


def test_plain_text_says_what_requests_are_answered_with(truth, sentences):
    texts, tables = {said.text for said in sentences["services"]}, truth["services"]
    for condition, remedy in tables["remedy"].items():
        assert f"against {condition} one takes {remedy} ." in texts
    for dish, parts in tables["made_with"].items():
        a, b, c = parts
        assert f"{dish} is made with {a} , {b} and {c} ." in texts
