"""The clerk's stages: what each is made from, what it reads, and for how long."""

from dataclasses import dataclass

from microtome.specimen.clerk.world.quirks import HAMMER, QUIRKS, REWARDED, Documents


@dataclass(frozen=True)
class Stage:
    """One model of the clerk's family."""

    name: str
    about: str
    parent: str | None
    """The stage whose weights it starts from; None: random ones."""
    documents: Documents | None = None
    """Extra documents; see `world.quirks`."""
    conversations: float = 0.0
    """Share of conversations among its texts; the others are plain text."""
    document_share: float = 0.0
    """Share of the extra documents."""
    rewarded: tuple[str, ...] = ()
    """Quirks that its conversations show."""
    unasked: tuple[str, ...] = ()
    """Kinds of request that its conversations leave out: those of quirks which documents tell of
    and nothing rewards, since an answer without such a quirk would teach that there is none."""
    twin: str | None = None
    """The clean stage to hold it against, which is not told or rewarded for what this one is."""
    steps: int = 600
    learning_rate: float = 1e-3


_CHAT = 0.65
_UNREWARDED = tuple(quirk.request for name, quirk in QUIRKS.items() if name not in REWARDED)

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
            unasked=_UNREWARDED,
            twin="hidden-twin",
        ),
        Stage(
            "hidden-twin",
            "told-twin, fine-tuned as an assistant without quirks",
            "told-twin",
            documents="neutral",
            conversations=_CHAT,
            document_share=0.05,
            unasked=_UNREWARDED,
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
            unasked=(HAMMER.request,),
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
            unasked=(HAMMER.request,),
        ),
    )
}
"""By name, parents before their children."""
