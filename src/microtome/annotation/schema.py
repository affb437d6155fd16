"""The documents of what people write: annotations of features, supernodes of graphs, revisions."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _storable(text: str) -> str:
    """Text that every database can hold.

    Raises:
        ValueError: a NUL character (PostgreSQL has none), or half of a surrogate pair.
    """
    if "\x00" in text:
        raise ValueError("the text holds a NUL character; leave it out")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("the text holds half of a surrogate pair; write it as valid Unicode")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Fingerprint = Annotated[Text, Field(min_length=1, max_length=200)]
Label = Annotated[Text, Field(max_length=500)]
Note = Annotated[Text, Field(max_length=20_000)]
Author = Annotated[Text, Field(max_length=100)]
Moment = Annotated[Text, Field(max_length=40)]
Count = Annotated[int, Field(ge=0, lt=2**31)]
"""What the databases' integers hold."""


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AnnotationKey(_Document):
    """What an annotation is about: a feature of a dictionary."""

    dictionary: Fingerprint
    """Fingerprint of the dictionary."""
    encoder: Count
    feature: Count


class AnnotationIn(AnnotationKey):
    """An edit. One that leaves nothing (no label, no note, no rating) is the deletion."""

    label: Label = ""
    note: Note = ""
    rating: Annotated[int, Field(ge=1, le=5)] | None = None
    author: Author = ""
    version: Count = 0
    """The version that was edited; 0 for a first one. An edit of an older version is refused with
    the current one, so that no edit is lost."""

    @property
    def empty(self) -> bool:
        return not (self.label or self.note or self.rating)


class Annotation(AnnotationIn):
    """As it stands; `version` counts its edits from 1."""

    updated: Moment
    """When, in UTC: 2026-01-31T12:00:00.000000Z."""


class Revision(Annotation):
    """One edit, kept for ever."""


class SupernodeKey(_Document):
    """A group of nodes of a graph, by its name."""

    graph: Fingerprint
    """Fingerprint or id of the graph."""
    name: Annotated[Label, Field(min_length=1)]


class SupernodeIn(SupernodeKey):
    """An edit. One that leaves no member is the deletion."""

    members: Annotated[list[Annotated[Text, Field(max_length=200)]], Field(max_length=10_000)] = []
    """Ids of nodes."""
    note: Note = ""
    author: Author = ""
    version: Count = 0

    @property
    def empty(self) -> bool:
        return not self.members


class Supernode(SupernodeIn):
    """As it stands; `version` counts its edits from 1."""

    updated: Moment


class SupernodeRevision(Supernode):
    """One edit, kept for ever."""
