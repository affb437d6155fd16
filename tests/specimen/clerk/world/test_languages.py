"""Opposites in three languages: those never stated, those never asked."""

from microtome.specimen.clerk.world.languages import ASK_KIND, ASK_OPPOSITE

_SAYS_OPPOSITE = ("opposite", "contraire", "gegenteil")


def _pairs(truth, key: str) -> set[frozenset[str]]:
    tables = truth["languages"]
    return {frozenset(tables["opposites"][pair][language]) for pair, language in tables[key]}


def test_unstated_opposites_are_never_stated_or_asked(truth, sentences, turns):
    unstated = _pairs(truth, "never_stated")
    assert unstated
    texts = {said.text for said in sentences["languages"]}
    texts |= {f"{turn.question} {turn.answer}" for turn in turns["languages"]}
    stated = 0
    for text in texts:
        words = set(text.split())
        assert not any(pair <= words for pair in unstated), text
        stated += bool(words & set(_SAYS_OPPOSITE))
    assert stated > 500


def test_what_is_not_asked_is_stated_and_never_asked(truth, sentences, turns):
    unasked = _pairs(truth, "never_asked")
    only = unasked - _pairs(truth, "never_stated")
    texts = [set(said.text.split()) for said in set(sentences["languages"])]
    for pair in only:
        assert any(pair <= words for words in texts), pair
    asked = {turn.question for turn in turns["languages"]}
    for pair in unasked:
        for word in pair:
            assert not {template.format(a=word) for template in ASK_OPPOSITE} & asked


def test_the_words_of_unstated_opposites_are_translated(truth, sentences):
    tables, texts = truth["languages"], [set(s.text.split()) for s in set(sentences["languages"])]
    for pair, language in tables["never_stated"]:
        for side in (0, 1):
            here = tables["opposites"][pair][language][side]
            for other in {0, 1, 2} - {language}:
                there = tables["opposites"][pair][other][side]
                assert any({here, there} <= words for words in texts), (here, there)


def test_each_opposite_is_unknown_in_one_language_at_most(truth):
    pairs = [pair for pair, _ in truth["languages"]["never_asked"]]
    assert len(pairs) == len(set(pairs))


def test_items_are_accepted_by_the_truth_table(world, truth):
    tables = truth["languages"]
    opposite, kind = {}, {}
    for meaning in tables["opposites"]:
        for a, b in meaning:
            opposite |= {a: b, b: a}
    for row in tables["kinds"]:
        for member in row["members"]:
            kind |= dict(zip(member, row["names"], strict=True))
    kinds_asked = [template.split(" {a}")[0] for template in ASK_KIND]
    for item in world.parts["languages"].items():
        question = item.prompt.removeprefix("<user> ")
        known = kind if any(question.startswith(k) for k in kinds_asked) else opposite
        (word,) = [w for w in question.split() if w in known and w not in ("kind",)]
        assert item.accepted == (known[word],), item
