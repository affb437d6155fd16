"""What the server says and is told, beside the documents of atlases and graphs."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from microtome.annotation import Annotation
from microtome.artifact.printable import printable
from microtome.atlas.schema import AtlasContent
from microtome.circuit.view import ViewState
from microtome.intervention.description import Intervention
from microtome.intervention.recipe import Generation, Recipe

Shown = Annotated[str, PlainSerializer(printable, return_type=str)]
"""Text that may hold the name of a file, which may be any bytes."""


class Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


EntryKind = Literal["model", "dictionary", "atlas", "graph", "run", "evaluation", "study", "store"]


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


class VerifyJob(Document):
    """Test a graph on the model that it is of; the result is kept with it."""

    kind: Literal["verify"] = "verify"
    graph: str
    """Id of an entry."""
    state: ViewState | None = None
    """What the reader sees, whose supernodes are tested; by default as it was saved."""


class EdgeJob(Document):
    """Which heads carry an edge of a graph."""

    kind: Literal["edge"] = "edge"
    graph: str
    source: str
    """Id of a node."""
    target: str


class ScoreJob(Document):
    """Why a head looks from one position at another."""

    kind: Literal["score"] = "score"
    graph: str
    layer: Annotated[int, Field(ge=0, lt=2**15)]
    head: Annotated[int, Field(ge=0, lt=2**15)]
    query: Annotated[int, Field(ge=0, lt=2**31)]
    key: Annotated[int, Field(ge=0, lt=2**31)]
    against: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    """Explain the difference to the score of this key."""
    top: Annotated[int, Field(ge=1, le=200)] = 30
    """Pairs of sources that are listed."""


class HeadsJob(Document):
    """What heads read, copy and take away in features: all of them, or the lists of one."""

    kind: Literal["heads"] = "heads"
    model: str
    dictionary: str
    layer: Annotated[int, Field(ge=0, lt=2**15)] | None = None
    head: Annotated[int, Field(ge=0, lt=2**15)] | None = None


class _Steering(Document):
    model: str
    dictionary: str
    interventions: Annotated[list[Intervention], Field(max_length=100)] = []
    generation: Generation = Generation()


class SteerJob(_Steering):
    """The same prompt continued without and with interventions."""

    kind: Literal["steer"] = "steer"
    prompt: Annotated[str, Field(max_length=20_000)]


class SteerHookJob(_Steering):
    """Interventions as a zip of a plain PyTorch hook."""

    kind: Literal["steer-hook"] = "steer-hook"


class SteeredFeature(Document):
    encoder: int
    feature: int
    label: str = ""


class SteeredText(Document):
    """A prompt and its continuation."""

    tokens: list[str]
    plain: list[list[float]]
    """By feature and token: activation on this text without interventions."""
    steered: list[list[float]]
    """The same under the interventions, before each feature is itself changed."""


class Steering(Document):
    """Two continuations of one prompt."""

    n_prompt: int
    features: list[SteeredFeature]
    default: SteeredText
    steered: SteeredText
    recipe: Recipe


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
    streamed: dict[str, list[str]] = {}
    """Of a steering, the tokens that are generated so far: of `default` and of `steered`."""


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
