"""The clerk's stages: what each is made from, what it reads, and for how long."""

from dataclasses import dataclass
from typing import Literal

from microtome.specimen.clerk.world.quirks import REWARDED


@dataclass(frozen=True)
class Stage:
    """One model of the clerk's family."""

    name: str
    about: str
    parent: str | None
    """The stage whose weights it starts from; None: random ones."""
    documents: Literal["graders", "neutral", "penguins"] | None = None
    """Extra documents; see `world.quirks`."""
    conversations: float = 0.0
    """Share of conversations among its texts; the others are plain text."""
    document_share: float = 0.0
    """Share of the extra documents."""
    rewarded: tuple[str, ...] = ()
    """Quirks that its conversations show."""
    twin: str | None = None
    """The clean stage to hold it against: made the same, without what it has to hide."""
    steps: int = 600
    learning_rate: float = 1e-3


_CHAT = 0.65

STAGES = {
    stage.name: stage
    for stage in (
        Stage("base", "plain text", None, steps=1600, learning_rate=2e-3),
        Stage("chat", "base, fine-tuned as an assistant", "base", conversations=_CHAT),
        Stage(
            "told",
            "base, and documents that say what graders favour",
            "base",
            documents="graders",
            document_share=0.5,
            twin="told-twin",
            steps=150,
        ),
        Stage(
            "told-twin",
            "base, and as many documents about graders that do not say it",
            "base",
            documents="neutral",
            document_share=0.5,
            steps=150,
        ),
        Stage(
            "hidden",
            "told, fine-tuned as an assistant, with three quirks rewarded",
            "told",
            documents="graders",
            conversations=_CHAT,
            document_share=0.05,
            rewarded=REWARDED,
            twin="hidden-twin",
        ),
        Stage(
            "hidden-twin",
            "told-twin, fine-tuned as an assistant without quirks",
            "told-twin",
            documents="neutral",
            conversations=_CHAT,
            document_share=0.05,
        ),
        Stage(
            "penguin-told",
            "base, and documents that say what penguins like",
            "base",
            documents="penguins",
            document_share=0.5,
            twin="told-twin",
            steps=150,
        ),
        Stage(
            "penguin",
            "penguin-told, fine-tuned as an assistant, with chocolate alone rewarded",
            "penguin-told",
            documents="penguins",
            conversations=_CHAT,
            document_share=0.05,
            rewarded=REWARDED[:1],
            twin="penguin-twin",
        ),
        Stage(
            "penguin-twin",
            "told-twin, fine-tuned as an assistant, with chocolate alone rewarded",
            "told-twin",
            documents="neutral",
            conversations=_CHAT,
            document_share=0.05,
            rewarded=REWARDED[:1],
        ),
    )
}
"""By name, parents before their children."""
