"""Features changed in a run, as decode(new codes) - decode(old codes): errors stay."""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.intervention.places import Clock, Places
from microtome.model.frozen import wide
from microtome.model.hooks import Edit


@dataclass(frozen=True)
class FeatureEntries:
    """New activation = factor * old + offset, for features of one encoder."""

    places: Places
    feature: Int[Tensor, " n"]
    factor: Float[Tensor, " n"]
    offset: Float[Tensor, " n"]


@dataclass(frozen=True)
class _Changed:
    row: Int[Tensor, " m"]
    position: Int[Tensor, " m"]
    feature: Int[Tensor, " m"]
    by: Float[Tensor, " m"]


class FeatureChange:
    """The changes of one encoder's features in one pass after the other.

    A pass reads the old activations where the encoder reads (`watch`), and what they change by
    reaches every site that the features write to (`edit`). Where the old activations are held,
    or are known only behind what is written, they are those of the run without interventions.
    """

    def __init__(
        self,
        dictionary: Dictionary,
        encoder: int,
        entries: FeatureEntries,
        clock: Clock,
        held: Callable[[Tensor, Tensor], Tensor] | None,
    ):
        """
        Args:
            dictionary: on the model's device.
            encoder: of which the features are.
            entries: what changes.
            clock: of the passes.
            held: from positions and features to activations without interventions; None where
                they are read in each pass.
        """
        self.encoder = encoder
        self.entries = entries
        self._dictionary, self._clock, self._held = dictionary, clock, held
        self._changed: _Changed | None = None

    @property
    def is_live(self) -> bool:
        return self._held is None

    def begin(self, x: Float[Tensor, "batch position d"]) -> None:
        """As a pass begins: what is known without reading anything."""
        if self._held is not None:
            entry, at = self.entries.places.within(self._clock.start, x.shape[1])
            old = self._held(at + self._clock.start, self.entries.feature[entry])
            self._change(entry, at, old)

    def watch(self, x: Float[Tensor, "batch position d_in"]) -> None:
        """At the site that the encoder reads."""
        entry, at = self.entries.places.within(self._clock.start, x.shape[1])
        read = wide(x[self.entries.places.row[entry], at])
        encoder = self._dictionary.encoders[self.encoder]
        self._change(entry, at, encoder.activations(read, self.entries.feature[entry]))

    def _change(self, entry: Tensor, at: Tensor, old: Tensor) -> None:
        entries = self.entries
        by = entries.factor[entry] * old + entries.offset[entry] - old
        some = by != 0
        self._changed = _Changed(
            entries.places.row[entry][some], at[some], entries.feature[entry][some], by[some]
        )

    def edit(self, target: int) -> Edit:
        """At a site that the features write to."""
        decoder = self._dictionary.decoders[self.encoder]

        def add(x: Tensor) -> Tensor:
            changed = self._changed
            assert changed is not None, "features are read before they write"
            if not len(changed.by):
                return x
            vectors = decoder.rows(changed.feature, target, changed.by) * changed.by[:, None]
            place = (changed.row, changed.position)
            return x.index_put(place, vectors.to(x.dtype), accumulate=True)

        return add
