"""What the server says and is told, beside the documents of atlases and graphs."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from microtome.annotation import Annotation
from microtome.artifact.printable import printable
from microtome.atlas.schema import AtlasContent

Shown = Annotated[str, PlainSerializer(printable, return_type=str)]
"""Text that may hold the name of a file, which may be any bytes."""


class Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


EntryKind = Literal["model", "dictionary", "atlas", "graph", "run", "evaluation", "store"]


class Entry(Document):
    """An artifact that was found in the folders served."""

    id: str
    """Stable as long as the folder stays where it is; never a path."""
    kind: EntryKind
    name: Shown
    path: Shown
    """Below the folder that was given, for the reader; requests name the id."""
    created: str = ""
    bytes: int = 0
    facts: dict[str, str | int | float | bool | None] = {}
    """A line of figures for a list: features, tokens, prompt, ..."""
    fingerprint: str = ""
    model_fingerprint: str = ""
    dictionary_fingerprint: str = ""
    problem: Shown = ""
    """Why it cannot be opened; empty where it can."""


class EntryDetail(Entry):
    manifest: dict[str, Any] | None = None
    links: dict[str, str] = {}
    """Ids of what belongs to it: model, dictionary, atlas."""


class Library(Document):
    version: str
    folders: list[Shown]
    entries: list[Entry]
    can_write: bool


class AtlasInfo(Document):
    """What an atlas is of, and what is there."""

    id: str
    name: Shown
    content: AtlasContent
    layers: list[int]
    """That have features, rising."""
    features: int
    model_fingerprint: str
    dictionary_fingerprint: str
    links: dict[str, str] = {}
    """Ids of its model and dictionary, where they are served: what jobs need."""


class FeatureInGraph(Document):
    """A graph in which a feature is active."""

    graph: str
    """Id of the entry."""
    name: Shown
    prompt: str
    node: str
    """Of its nodes there, the one with the largest activation."""
    activation: float
    nodes: int
    """At how many positions it is."""


# -- jobs --------------------------------------------------------------------------------------


class TraceJob(Document):
    kind: Literal["trace"] = "trace"
    model: str
    """Id of an entry, or `specimen:adder`."""
    dictionary: str
    prompt: Annotated[str, Field(max_length=20_000)]
    tokens: list[str] = []
    """Next tokens to explain; the likely ones where there is none."""
    minus: str = ""
    """With one token: explain the difference of the two logits."""
    max_features: Annotated[int, Field(ge=1, le=100_000)] | None = None
    name: str = ""
    """Of the graph's folder; made from the prompt where empty."""


class XRayJob(Document):
    kind: Literal["xray"] = "xray"
    model: str
    dictionary: str
    text: Annotated[str, Field(max_length=100_000)]


class OperandsJob(Document):
    """The operand plot of a feature of an adder."""

    kind: Literal["operands"] = "operands"
    model: str
    dictionary: str
    encoder: int
    feature: int
    guise: str = "equation"


class Job(Document):
    id: str
    kind: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    title: Shown
    done: int = 0
    total: int = 0
    message: Shown = ""
    """The sentence that says why it failed."""
    place: int = 0
    """In the queue; 0 when it runs."""
    result: str = ""
    """Of a trace, the id of the graph's entry."""


# -- what people write -------------------------------------------------------------------------


class Conflict(Document):
    """Why an edit was refused: somebody else's came first."""

    detail: str
    current: Annotation | None
    """What stands now; merge with it. None where there is nothing."""


# -- runs --------------------------------------------------------------------------------------


class RunInfo(Document):
    id: str
    recipe: dict[str, Any]
    steps: int
    step: int
    finished: bool
    active: bool
    """Whether metrics were written within the last minute."""
    dictionaries: list[str]
    evaluations: list[Entry]


class Metrics(Document):
    """Rows of metrics.jsonl from a byte on."""

    rows: list[dict[str, Any]]
    next: int
    """Where to go on reading."""


class Problem(Document):
    """What every error looks like."""

    detail: str
