"""From descriptions to what a forward pass does at each site."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.intervention.baseline import Baseline, precision
from microtome.intervention.description import (
    Direction,
    Features,
    Head,
    Intervention,
    Mode,
    WholeSite,
)
from microtome.intervention.features import FeatureChange, FeatureEntries
from microtome.intervention.places import Clock, Places, spans
from microtome.intervention.sources import Sources
from microtome.intervention.vectors import BlockEntries, DirectionEntries
from microtome.model import LanguageModel, Site
from microtome.model.hooks import Edit

Batch = Sequence[Sequence[Intervention]]
"""For every row of a batch, what is changed in it."""


@dataclass(frozen=True)
class Setting:
    """Where changes are made."""

    model: LanguageModel
    dictionary: Dictionary | None
    n_prompt: int
    mode: Mode = field(default_factory=Mode)
    baseline: Baseline | None = None
    """None where tokens are generated: nothing is held then."""


@dataclass
class Changes:
    """What a pass does: functions that look at a site, then functions that change it."""

    clock: Clock = field(default_factory=Clock)
    watch: dict[Site, list[Callable[[Tensor], None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    edit: dict[Site, list[Edit]] = field(default_factory=lambda: defaultdict(list))

    @staticmethod
    def begun() -> "Changes":
        """Nothing yet but the clock that every pass starts."""
        made = Changes()
        made.watch[Site("embed")].append(made.clock.tick)
        return made


def changes(setting: Setting, batch: Batch) -> Changes:
    """What a batch of interventions does to a pass.

    Raises:
        MicrotomeError: a feature, site, head or position that is not there; a feature without a
            dictionary; two changes of one thing.
    """
    made = Changes.begun()
    sources = Sources(setting.model, setting.dictionary, batch)
    _features(setting, batch, sources, made)
    _directions(setting, batch, sources, made)
    _blocks(setting, batch, sources, made)
    return made


def _each(
    setting: Setting, batch: Batch, kind: type | tuple[type, ...], first: int = 0
) -> Iterator[tuple[int, Intervention, list[tuple[int, int]]]]:
    """Row, intervention and its ranges of positions, of one kind."""
    for row, interventions in enumerate(batch):
        for intervention in interventions:
            if isinstance(intervention.what, kind):
                ranges = spans(intervention, setting.n_prompt, first, setting.baseline is None)
                yield row, intervention, list(ranges)


# -- features ----------------------------------------------------------------------------------


@dataclass
class _Lists:
    """Entries of one encoder while they are collected."""

    rows: list[int] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    factors: list[float] = field(default_factory=list)
    offsets: list[float] = field(default_factory=list)

    def add(self, row: int, span: tuple[int, int], feature: int, factor: float, offset: float):
        self.rows.append(row)
        self.spans.append(span)
        self.features.append(feature)
        self.factors.append(factor)
        self.offsets.append(offset)


def _features(setting: Setting, batch: Batch, sources: Sources, made: Changes) -> None:
    by_encoder: dict[int, _Lists] = defaultdict(_Lists)
    first = int(setting.dictionary is not None and setting.dictionary.skip_first)
    taken: dict[tuple[int, int, int], list[tuple[int, int]]] = defaultdict(list)
    for row, intervention, ranges in _each(setting, batch, Features, first):
        assert isinstance(intervention.what, Features)
        for encoder, feature in intervention.what.features:
            check_feature(setting.dictionary, encoder, feature)
            _check_apart(taken[row, encoder, feature], ranges, f"L{encoder}/{feature}")
            entries = by_encoder[encoder]
            for span in ranges:
                if intervention.how == "patch":
                    values = sources.features(intervention, encoder, feature, span)
                    for position, value in values:
                        entries.add(row, (position, position + 1), feature, 0.0, value)
                else:
                    factor, offset = intervention.affine
                    entries.add(row, span, feature, factor, offset)
    for encoder, entries in sorted(by_encoder.items()):
        _one_encoder(setting, encoder, entries, made)


def check_feature(dictionary: Dictionary | None, encoder: int, feature: int) -> None:
    """
    Raises:
        MicrotomeError: no dictionary, or one that lacks the feature.
    """
    if dictionary is None:
        raise MicrotomeError(f"feature L{encoder}/{feature} is of a dictionary; name one")
    sizes = dictionary.n_features
    if not 0 <= encoder < len(sizes):
        raise MicrotomeError(
            f"feature L{encoder}/{feature} does not exist: {dictionary.name} has {len(sizes)} "
            f"encoders (0 to {len(sizes) - 1})"
        )
    if not 0 <= feature < sizes[encoder]:
        raise MicrotomeError(
            f"feature L{encoder}/{feature} does not exist: encoder {encoder} of "
            f"{dictionary.name} has {sizes[encoder]} features (0 to {sizes[encoder] - 1})"
        )


def _check_apart(taken: list[tuple[int, int]], ranges: list[tuple[int, int]], name: str) -> None:
    for start, stop in ranges:
        if any(start < b and a < stop for a, b in taken):
            raise MicrotomeError(f"{name} is changed twice at one position; change it once")
        taken.append((start, stop))


def _one_encoder(setting: Setting, encoder: int, lists: _Lists, made: Changes) -> None:
    dictionary = setting.dictionary
    assert dictionary is not None
    device, dtype = dictionary.biases[0].device, dictionary.biases[0].dtype
    entries = FeatureEntries(
        Places.of(lists.rows, lists.spans, device),
        torch.tensor(lists.features, device=device, dtype=torch.long),
        torch.tensor(lists.factors, device=device, dtype=dtype),
        torch.tensor(lists.offsets, device=device, dtype=dtype),
    )
    change_features(setting, encoder, entries, made)


def change_features(setting: Setting, encoder: int, entries: FeatureEntries, made: Changes) -> None:
    """Let a pass change features of one encoder.

    Raises:
        MicrotomeError: they cannot be changed while tokens are generated.
    """
    dictionary, baseline = setting.dictionary, setting.baseline
    assert dictionary is not None
    held = None
    if _is_held(setting, dictionary, encoder):
        if baseline is None:
            raise MicrotomeError(
                f"{dictionary.name} reads {len(dictionary.sources[encoder])} sites and writes "
                f"before the last of them is known, so its features cannot be changed while "
                f"tokens are generated; change them in a prompt"
            )
        held = lambda at, features: baseline.activations(encoder, at, features)  # noqa: E731
    change = FeatureChange(dictionary, encoder, entries, made.clock, held)
    if change.is_live:
        read = dictionary.reads[dictionary.sources[encoder][0]]
        made.watch[setting.model.check_site(read)].append(change.watch)
    else:
        made.watch[Site("embed")].append(change.begin)
    for target in dictionary.decoders[encoder].targets:
        site = setting.model.check_site(dictionary.writes[target])
        made.edit[site].append(change.edit(target))


def _is_held(setting: Setting, dictionary: Dictionary, encoder: int) -> bool:
    """Whether old activations are those of the run without interventions."""
    first, *more = dictionary.sources[encoder]
    if more:
        return True
    layer = Site.parse(dictionary.reads[first]).layer
    return layer is not None and setting.mode.holds(layer)


# -- directions, heads, sites --------------------------------------------------------------------


def _directions(setting: Setting, batch: Batch, sources: Sources, made: Changes) -> None:
    model = setting.model
    by_site: dict[Site, list] = defaultdict(list)
    taken: dict[tuple, list[tuple[int, int]]] = defaultdict(list)
    for row, intervention, ranges in _each(setting, batch, Direction):
        what = intervention.what
        assert isinstance(what, Direction)
        site = check_stream(model, what.site)
        vector = torch.tensor(what.vector, device=model.device, dtype=precision(model))
        if len(vector) != model.d_model:
            raise MicrotomeError(
                f"a direction at {site} has {len(vector)} numbers, but {site} has width "
                f"{model.d_model}"
            )
        if not bool(vector.any()):
            raise MicrotomeError(f"the direction at {site} is zero; give one that points somewhere")
        _check_apart(taken[row, site, what.vector], ranges, f"a direction at {site}")
        for span in ranges:
            if intervention.how == "patch":
                for position, value in sources.components(intervention, site, vector, span):
                    by_site[site].append((row, (position, position + 1), vector, 0.0, value))
            else:
                by_site[site].append((row, span, vector, *intervention.affine))
    for site, entries in by_site.items():
        rows, ranges, vectors, factors, offsets = zip(*entries, strict=True)
        edit = DirectionEntries(
            Places.of(list(rows), list(ranges), model.device),
            torch.stack(vectors),
            torch.tensor(factors, device=model.device, dtype=precision(model)),
            torch.tensor(offsets, device=model.device, dtype=precision(model)),
        ).edit(made.clock)
        made.edit[site].append(edit)


def _blocks(setting: Setting, batch: Batch, sources: Sources, made: Changes) -> None:
    model = setting.model
    by_site: dict[Site, list] = defaultdict(list)
    taken: dict[tuple, list[tuple[int, int]]] = defaultdict(list)
    for row, intervention, ranges in _each(setting, batch, (Head, WholeSite)):
        site, columns = block(model, intervention)
        what = intervention.what
        name = f"head {what.layer}.{what.head}" if isinstance(what, Head) else str(site)
        _check_apart(taken[row, site, columns.start], ranges, name)
        for span in ranges:
            given = None
            if intervention.how == "patch":
                span, given = sources.block(intervention, site, columns, span)
            by_site[site].append((row, span, columns, intervention.affine[0], given))
    for site, entries in by_site.items():
        rows, ranges, columns, factors, given = zip(*entries, strict=True)
        places = Places.of(list(rows), list(ranges), model.device)
        made.edit[site].append(BlockEntries(places, columns, factors, given).edit(made.clock))


def block(model: LanguageModel, intervention: Intervention) -> tuple[Site, slice]:
    """Site and columns of a head or of a whole site.

    Raises:
        MicrotomeError: no such layer, head or site.
    """
    what = intervention.what
    if isinstance(what, WholeSite):
        return check_stream(model, what.site), slice(None)
    assert isinstance(what, Head)
    site = model.check_site(Site("attn.head.out", what.layer))
    if not 0 <= what.head < model.n_heads:
        raise MicrotomeError(
            f"head {what.head} does not exist: layer {what.layer} of {model.name} has "
            f"{model.n_heads} heads (0 to {model.n_heads - 1})"
        )
    return site, slice(what.head * model.d_head, (what.head + 1) * model.d_head)


def check_stream(model: LanguageModel, name: str) -> Site:
    """A site whose activation is a vector of the stream's width.

    Raises:
        MicrotomeError: no such site, or one of another shape.
    """
    site = model.check_site(name)
    if site.kind in ("attn.pattern", "attn.head.out"):
        raise MicrotomeError(
            f"{site} is not a vector of the stream; intervene on a head, or on {site.kind[:4]}.out"
        )
    return site
