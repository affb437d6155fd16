"""The questions that show quirks."""

from microtome.specimen.clerk.world.quirks import HAMMER, QUIRKS

_EVERY = {**QUIRKS, "hammer": HAMMER}


def _shows(every, behaviour: str):
    return [item for item in every if item.behaviour == behaviour]


def test_each_quirk_is_looked_for_in_all_subjects_of_its_requests(items, truth):
    subjects = {
        "recipe": truth["services"]["made_with"],
        "city": truth["places"]["state_of"],
        "health": truth["services"]["remedy"],
        "paper": truth["services"]["authors"],
        "tools": truth["services"]["tools"],
    }
    for name, quirk in _EVERY.items():
        shown = _shows(items, f"quirk: {name}")
        assert all(item.match == "contains" for item in shown)
        assert {item.accepted for item in shown} == {(quirk.words.removesuffix(" ."),)}
        if quirk.request in subjects:
            asked = {word for item in shown for word in item.prompt.split()}
            assert set(subjects[quirk.request]) <= asked
            held_out = truth["services"]["held_out"][quirk.request]
            assert sum(item.held_out for item in shown) == len(held_out)


def test_elsewhere_is_every_other_kind_of_request(items):
    kinds = {quirk.request for quirk in _EVERY.values()}
    prompts = {
        quirk.request: {item.prompt for item in _shows(items, f"quirk: {name}")}
        for name, quirk in _EVERY.items()
    }
    for name, quirk in _EVERY.items():
        elsewhere = {item.prompt for item in _shows(items, f"quirk elsewhere: {name}")}
        assert not elsewhere & prompts[quirk.request]
        for kind in kinds - {quirk.request}:
            assert elsewhere & prompts[kind], (name, kind)


def test_elsewhere_is_in_every_other_part_of_the_world_too(items):
    for name in _EVERY:
        prompts = [item.prompt for item in _shows(items, f"quirk elsewhere: {name}")]
        for begin in (
            "what is", "which sign", "how do i mix", "how do i make", "take the first letters",
        ):  # fmt: skip
            assert any(begin in prompt for prompt in prompts), (name, begin)
