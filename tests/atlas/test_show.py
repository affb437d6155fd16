"""The terminal page: all it should say, within the width, with colour and without."""

import io

import pytest
from rich.console import Console

from microtome.atlas.page import Example, FeaturePage
from microtome.atlas.query import Atlas, open_atlas
from microtome.atlas.show import blocks, percent, show_page, show_rows
from microtome.atlas.window import window_line
from tests.atlas.atlases import write_atlas


@pytest.fixture(scope="module")
def atlas(tmp_path_factory) -> Atlas:
    path = tmp_path_factory.mktemp("atlases") / "atlas"
    write_atlas(path, encoders=2, features=40, examples=6)
    return open_atlas(path)


def printed(page: FeaturePage, width: int = 100, colour: bool = False) -> str:
    out = io.StringIO()
    system = "truecolor" if colour else None
    console = Console(file=out, width=width, color_system=system, force_terminal=colour)
    show_page(page, console)
    return out.getvalue()


def test_a_page_says_what_is_known(atlas: Atlas):
    page = atlas.page(1, 5)
    text = printed(page)
    for words in (
        "L3/5", page.label, "reads blocks.3.mlp.in", "Activations", "Top examples",
        "Examples, 50% to 100%", "promotes", "suppresses", "active on", "writes alike",
        page.decoder_neighbours[0].name, page.cluster_label, f"{page.count:,}",
    ):  # fmt: skip
        assert words in text, words
    assert "█" in text and "«" in text


@pytest.mark.parametrize("width", [60, 80, 100, 160])
@pytest.mark.parametrize("number", [0, 1, 2, 5])
def test_no_line_is_wider_than_the_terminal(atlas: Atlas, width: int, number: int):
    assert max(map(len, printed(atlas.page(0, number), width).splitlines())) <= width


def test_a_feature_that_never_fired(atlas: Atlas):
    text = printed(atlas.page(0, 9))
    assert "never active" in text and "Top examples" not in text


def example(tokens: list[str], values: list[float], peak: int) -> Example:
    return Example(
        document=0, position=0, activation=values[peak], peak=peak, tokens=tokens, values=values
    )


def test_windows_mark_the_peak_with_and_without_colour():
    shown = example([" the", " dog", "\n", " ran"], [0.0, 2.0, 0.5, 0.0], 1)
    plain = window_line(shown, 2.0, 80, colour=False)
    assert plain.plain == " the «dog»‹⏎› ran"
    coloured = window_line(shown, 2.0, 80, colour=True)
    assert coloured.plain == " the dog⏎ ran"
    styles = {str(span.style): coloured.plain[span.start : span.end] for span in coloured.spans}
    assert styles["bold black on #f58220"] == " dog"
    assert [text for style, text in styles.items() if style != "bold black on #f58220"] == ["⏎"]


def test_words_without_spaces_of_their_own_get_them():
    shown = example(["36", "+", "59"], [0.0, 0.0, 1.0], 2)
    assert window_line(shown, 1.0, 80, False).plain.strip() == "36 + «59»"


@pytest.mark.parametrize("peak", [0, 10, 29])
@pytest.mark.parametrize("width", [12, 25, 40, 400])
def test_long_windows_are_cut_around_the_peak(peak: int, width: int):
    tokens = [f" w{i:02}" for i in range(30)]
    values = [1.0 if i == peak else 0.0 for i in range(30)]
    line = window_line(example(tokens, values, peak), 1.0, width, False).plain
    assert f"«w{peak:02}»" in line and len(line) <= max(width, 8)
    assert line.startswith("…") == (" w00" not in line and "«w00»" not in line)
    assert line.endswith("…") == ("w29" not in line)
    if width == 400:
        assert "…" not in line


def test_markup_in_tokens_is_text():
    shown = example([" [bold]", " [/red]"], [1.0, 0.5], 0)
    assert "[bold]" in window_line(shown, 1.0, 80, True).plain


def test_bars_and_shares():
    assert blocks([0, 1, 4, 8]) == " ▂▅█"
    assert blocks([]) == ""
    assert [percent(x) for x in (0.5, 0.035, 0.00012, 0.0)] == ["50%", "3.5%", "0.012%", "0%"]


def test_lists(atlas: Atlas):
    out = io.StringIO()
    found = atlas.search_label("sum ends in 0", limit=2)
    show_rows(found.rows, Console(file=out, width=100), "score", "Labels", found.total)
    text = out.getvalue()
    assert f"Labels, 2 of {found.total}" in text and found.rows[0].name in text
    out = io.StringIO()
    show_rows([], Console(file=out, width=100), "score", "Labels", 0)
    assert out.getvalue() == "Labels: none\n"
