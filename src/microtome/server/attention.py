"""Documents about attention: heads that carry an edge, why one looks somewhere, what heads do."""

from microtome.server.schema import Document


class NodeName(Document):
    """A source of a graph, or one that a graph left out."""

    id: str
    kind: str
    label: str = ""


class Carried(Document):
    """What a head carries of an edge from one key position."""

    layer: int
    head: int
    key: int
    value: float


class EdgeHeads(Document):
    """An edge, split over the heads that carry it: direct + parts + rest is the edge."""

    source: str
    target: str
    edge: float
    """As the graph has it."""
    direct: float
    """By no attention."""
    position: int
    """Of the target: where the heads look from."""
    parts: list[Carried]
    """The largest first."""
    rest: float
    """The sum of the parts that are not listed."""
    unlisted: int
    total: float


class ScorePair(Document):
    """What a source at the query and one at the key give to the score together."""

    query: NodeName
    key: NodeName
    value: float


class ScoreKinds(Document):
    """All pairs of a kind at the query and a kind at the key."""

    query: str
    key: str
    value: float


class ScorePart(Document):
    """What one source gives over all sources at the other side."""

    node: NodeName
    value: float


class HeadScore(Document):
    """Why a head looks from a query at a key: pairs + rest is the score before the softmax."""

    layer: int
    head: int
    query: int
    key: int
    against: int | None
    """Another key: everything is of the difference of the two scores."""
    score: float
    """What the softmax saw."""
    total: float
    """The sum over all pairs."""
    pattern: list[float]
    """Over keys: how much the head looks at each from the query."""
    pairs: list[ScorePair]
    rest: float
    """The sum of the pairs that are not listed."""
    by_kind: list[ScoreKinds]
    by_query: list[ScorePart]
    by_key: list[ScorePart]


class HeadRow(Document):
    """One head in figures; None where no feature is written before its layer."""

    layer: int
    head: int
    features: int
    query_null: float | None = None
    key_null: float | None = None
    copies: float | None = None
    copied: float | None = None
    asymmetry: float | None = None
    asymmetry_control: tuple[float, float] | None = None
    feature_copy_suppression: float | None = None
    token_copy_suppression: float | None = None
    token_copy_suppression_through_features: float | None = None


class HeadFeature(Document):
    feature: str
    """As it is written: L3/127."""
    label: str
    value: float


class HeadPair(HeadFeature):
    other: HeadFeature


class SuppressedToken(Document):
    token: str
    value: float
    through_features: float | None
    like: str | None
    like_through_features: str | None


class HeadDetail(HeadRow):
    """One head with the features that it reads, ignores, copies and takes away."""

    query_reads: list[HeadFeature]
    query_ignores: list[HeadFeature]
    key_reads: list[HeadFeature]
    key_ignores: list[HeadFeature]
    matches: list[HeadPair]
    copies_most: list[HeadFeature]
    suppresses_most: list[HeadFeature]
    writes: list[HeadPair]
    suppressed_features: list[HeadFeature]
    suppressed_tokens: list[SuppressedToken]


class Heads(Document):
    """The heads of a model in features of a dictionary."""

    heads: list[HeadRow]
    detail: HeadDetail | None = None
    """Of the head that was asked for; the list is empty then."""
