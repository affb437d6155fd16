"""A window of text on one line of the terminal, its tokens shaded by a feature's activation."""

from rich.cells import cell_len
from rich.text import Text

from microtome.atlas.page import Example

_PALE, _FULL = (255, 243, 217), (245, 130, 32)
"""Background of the weakest and the strongest activation."""
_VISIBLE = str.maketrans({"\n": "⏎", "\t": "⇥", "\r": "␍"})


def window_line(example: Example, maximum: float, width: int, colour: bool) -> Text:
    """The window around its peak, as much of it as fits.

    Args:
        example: the window.
        maximum: activation of the strongest shade.
        width: columns.
        colour: shade the tokens; otherwise the peak stands between « and », and other active
            tokens between ‹ and ›.
    """
    spaced = any(token.startswith(" ") for token in example.tokens)
    pieces = [
        _piece(token, value, maximum, i == example.peak, colour)
        for i, (token, value) in enumerate(zip(example.tokens, example.values, strict=True))
    ]
    if not spaced:  # words of such vocabularies have no spaces of their own
        pieces = [Text.assemble(piece, " ") for piece in pieces]
    first, last = _fitting([cell_len(piece.plain) for piece in pieces], example.peak, width - 2)
    line = Text()
    if first > 0:
        line.append("…", style="dim")
    for piece in pieces[first:last]:
        line.append_text(piece)
    if last < len(pieces):
        line.append("…", style="dim")
    return line


def _piece(token: str, value: float, maximum: float, peak: bool, colour: bool) -> Text:
    text = token.translate(_VISIBLE)
    if value <= 0 and not peak:
        return Text(text)
    if colour:
        share = min(max(value / maximum, 0.0), 1.0) if maximum > 0 else 0.0
        return Text(text, style=f"{'bold ' if peak else ''}black on {_shade(share)}")
    space = " " if text.startswith(" ") else ""
    left, right = ("«", "»") if peak else ("‹", "›")
    return Text(f"{space}{left}{text[len(space) :]}{right}")


def _shade(share: float) -> str:
    mixed = [round(a + (b - a) * share) for a, b in zip(_PALE, _FULL, strict=True)]
    return "#" + "".join(f"{c:02x}" for c in mixed)


def _fitting(widths: list[int], peak: int, room: int) -> tuple[int, int]:
    """First piece and end of those that fit, grown from the peak: two before it for one behind."""
    first, last = peak, min(peak + 1, len(widths))
    used = sum(widths[first:last])
    while True:
        before = 2 * (last - peak - 1) >= peak - first or last == len(widths)
        for earlier in (before, not before):
            if earlier and first > 0 and used + widths[first - 1] <= room:
                first -= 1
                used += widths[first]
                break
            if not earlier and last < len(widths) and used + widths[last] <= room:
                used += widths[last]
                last += 1
                break
        else:
            return first, last
