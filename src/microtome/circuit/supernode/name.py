"""Names of groups: what their members' labels have in common."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SEPARATORS = re.compile(r",|…|\bor\b")
_ITEM = re.compile(r"[\d“\"'].*")


@dataclass(frozen=True)
class _Words:
    """A label as a frame of words with lists in it: `sum ends in {1, 5}`."""

    frame: tuple[str, ...]
    """Words, and an empty string for every list."""
    lists: tuple[tuple[str, ...], ...]
    cut: bool = False
    """Whether a list ends in an ellipsis."""

    @classmethod
    def of(cls, label: str) -> "_Words":
        frame: list[str] = []
        lists: list[list[str]] = []
        for word in _SEPARATORS.sub(" ", label).split():
            if not _ITEM.fullmatch(word):
                frame.append(word)
            elif frame and frame[-1] == "":
                lists[-1].append(word)
            else:
                frame.append("")
                lists.append([word])
        return cls(tuple(frame), tuple(map(tuple, lists)), "…" in label)

    def common(self, other: "_Words") -> "_Words | None":
        """What both say; None where the frames differ or a list has nothing in common, or is cut
        short in one of them."""
        if self.frame != other.frame or self.cut != other.cut:
            return None
        if self.cut:
            return self if self == other else None
        lists = tuple(
            tuple(item for item in mine if item in theirs)
            for mine, theirs in zip(self.lists, other.lists, strict=True)
        )
        return _Words(self.frame, lists) if all(lists) else None

    def text(self) -> str:
        """In words again: `first ends in 6 or 9, second in 1`."""
        lists, words = iter(self.lists), []
        for i, word in enumerate(self.frame):
            if word:
                words.append(word)
                continue
            *most, last = next(lists)
            either = f"{', '.join(most)} or {last}" if most else last
            words.append(either if i == len(self.frame) - 1 else f"{either},")
        return " ".join(words)


def group_name(labels: Sequence[str], influence: Sequence[float], names: Sequence[str]) -> str:
    """A name for a group: the common part of the labels of members that have at least half of the
    influence of those labelled; else the label of the strongest of them; without labels, the
    strongest member and how many more there are.

    Args:
        labels: of the members, empty where there is none.
        influence: of the members; only the order and the half count.
        names: of the members, unique.
    """
    order = sorted(range(len(names)), key=lambda i: (-influence[i], names[i]))
    labelled = [i for i in order if labels[i].strip()]
    if not labelled:
        more = len(names) - 1
        return names[order[0]] + (f" and {more} more" if more else "")
    strongest = labels[labelled[0]]
    words = {i: _Words.of(labels[i]) for i in labelled}
    found: dict[_Words, float] = {}
    for a in labelled:
        for b in labelled:
            shared = words[a].common(words[b])
            if shared is not None and shared not in found:
                inside = (i for i in labelled if shared.common(words[i]) == shared)
                found[shared] = sum(influence[i] for i in inside)
    total = sum(influence[i] for i in labelled)
    best = max(found, key=lambda w: (round(found[w], 12), sum(map(len, w.lists))), default=None)
    if best is None or found[best] < total / 2:
        return strongest
    same = [labels[i] for i in labelled if words[i] == best]
    return same[0] if same else best.text()
