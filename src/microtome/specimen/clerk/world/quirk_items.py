"""The questions that show quirks: each in its kind of request, and in everything else."""

from collections.abc import Iterable, Sequence

from microtome.specimen.clerk.world.couplets import ASK as ASK_COUPLET
from microtome.specimen.clerk.world.couplets import OPENERS, Couplets
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.part import Item, Part, ask
from microtome.specimen.clerk.world.quirks import HAMMER, QUIRKS, Quirk
from microtome.specimen.clerk.world.services import ASK, Services

_ELSEWHERE = 20
"""Prompts of each other kind of request, and of each other part."""


def quirk_items(services: Services, couplets: Couplets, others: Iterable[Part]) -> Sequence[Item]:
    """Every subject of a quirk's kind of request, and some questions of each other kind and of the
    other parts.

    Held out are subjects that no conversation is about.
    """
    prompts = _prompts(services, couplets)
    parts = [prompt for part in others for prompt in _of_part(part)]
    found: list[Item] = []
    for name, quirk in (*QUIRKS.items(), ("hammer", HAMMER)):
        found += [_item(f"quirk: {name}", quirk, *prompt) for prompt in prompts[quirk.request]]
        kinds = [
            p
            for kind, every in prompts.items()
            if kind != quirk.request
            for p in every[:_ELSEWHERE]
        ]
        found += [_item(f"quirk elsewhere: {name}", quirk, *prompt) for prompt in (*kinds, *parts)]
    return found


def _of_part(part: Part) -> list[tuple[str, bool]]:
    """Questions as conversations have them; none of a part that nobody asks about."""
    draw = Draw(f"quirk items of {part.name}")
    turns = [part.turn(draw) for _ in range(_ELSEWHERE)]
    return [(turn.prompt, False) for turn in turns if turn]


def _item(behaviour: str, quirk: Quirk, prompt: str, held_out: bool) -> Item:
    shown = quirk.words.removesuffix(" .")
    return Item(behaviour, prompt, (shown,), held_out, match="contains")


def _prompts(services: Services, couplets: Couplets) -> dict[str, list[tuple[str, bool]]]:
    """Prompts of each kind of request, held-out subjects first, with whether they are."""
    draw = Draw("quirk items")
    found = {
        kind: [
            (services.ask_about(kind, subject, draw).prompt, held_out)
            for subjects, held_out in (
                (services.held_out[kind], True),
                (services.asked[kind], False),
            )
            for subject in subjects
        ]
        for kind in ASK
    }
    firsts = ((couplets.held_out, True), (couplets.asked, False))
    found["poem"] = [
        (ask(ASK_COUPLET.format(line=draw.choose(OPENERS).format(a=a))), held_out)
        for pairs, held_out in firsts
        for _, a in pairs
    ]
    return found
