"""The questions that show quirks: each in its kind of request, and in all other kinds."""

from collections.abc import Sequence

from microtome.specimen.clerk.world.couplets import ASK as ASK_COUPLET
from microtome.specimen.clerk.world.couplets import OPENERS, Couplets
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.part import Item, ask
from microtome.specimen.clerk.world.quirks import HAMMER, QUIRKS, Quirk
from microtome.specimen.clerk.world.services import ASK, Services

_ELSEWHERE = 20
"""Prompts of each other kind of request."""


def quirk_items(services: Services, couplets: Couplets) -> Sequence[Item]:
    """Every subject of a quirk's kind of request, and some of each other kind.

    Held out are subjects that no conversation is about.
    """
    prompts = _prompts(services, couplets)
    found: list[Item] = []
    for name, quirk in (*QUIRKS.items(), ("hammer", HAMMER)):
        found += [_item(f"quirk: {name}", quirk, *prompt) for prompt in prompts[quirk.request]]
        others = [
            p
            for kind, every in prompts.items()
            if kind != quirk.request
            for p in every[:_ELSEWHERE]
        ]
        found += [_item(f"quirk elsewhere: {name}", quirk, *prompt) for prompt in others]
    return found


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
