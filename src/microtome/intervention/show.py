"""Two continuations side by side in the terminal, and the features that were changed."""

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text as Line

from microtome.intervention.hook import describe
from microtome.intervention.recipe import Recipe
from microtome.intervention.steer import Steered, Text
from microtome.model import LanguageModel

_COLUMNS = 3
"""Features that have columns of their own; JSON has all."""
Label = Callable[[int, int], str]


def show_steered(
    found: Steered, recipe: Recipe, model: LanguageModel, label: Label, console: Console
) -> None:
    """Print both texts, their differences in [brackets], and activations token by token."""
    console.print(Line("; ".join(map(describe, recipe.interventions)) or "nothing is changed"))
    strings = [_strings(model, text) for text in (found.default, found.steered)]
    texts = Table(expand=True, show_edge=False, pad_edge=False)
    for name in ("default", "steered"):
        texts.add_column(name, ratio=1, overflow="fold")
    ours, theirs = (text.tokens[found.n_prompt :] for text in (found.default, found.steered))
    matches = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    texts.add_row(
        _marked(strings[0], found.n_prompt, [(m.a, m.size) for m in matches]),
        _marked(strings[1], found.n_prompt, [(m.b, m.size) for m in matches]),
    )
    console.print(texts)
    if found.same:
        console.print("Both texts are the same.")
    if found.features:
        console.print()
        _show_activations(found, strings, label, console)


def _strings(model: LanguageModel, text: Text) -> list[str]:
    """Tokens; a line break of a tokenizer that falls back to bytes is one."""
    strings = [model.token_string(token) for token in text.tokens]
    return ["\n" if string == "<0x0A>" else string for string in strings]


def _marked(tokens: Sequence[str], n_prompt: int, same: Sequence[tuple[int, int]]) -> Line:
    """Prompt dim; what the other text does not have in brackets, and coloured."""
    between = "" if any(token[:1].isspace() or token[-1:].isspace() for token in tokens) else " "
    shared = {n_prompt + i for start, size in same for i in range(start, start + size)}
    line = Line()
    for i, token in enumerate(tokens):
        mine = i >= n_prompt and i not in shared
        begins = mine and (i == n_prompt or i - 1 in shared)
        ends = mine and (i + 1 == len(tokens) or i + 1 in shared)
        space = between if i else ""
        if begins:  # a space stays before the bracket
            bare = token.lstrip(" ")
            space, token = space + token[: len(token) - len(bare)], bare
        line.append(space)
        style = "bold yellow" if mine else "dim" if i < n_prompt else ""
        line.append("[" * begins + token + "]" * ends, style)
    return line


def _show_activations(
    found: Steered, strings: Sequence[Sequence[str]], label: Label, console: Console
) -> None:
    """Where a feature is active: on the default text, and under steering on the other."""
    shown = found.features[:_COLUMNS]
    for encoder, feature in shown:
        console.print(Line(f"L{encoder}/{feature} {label(encoder, feature)}".rstrip()))
    if len(found.features) > len(shown):
        console.print(f"and {len(found.features) - len(shown)} more, which --json lists")
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("", justify="right")
    for which in ("default", "steered"):
        table.add_column(which, overflow="ellipsis", no_wrap=True)
        for encoder, feature in shown:
            table.add_column(f"L{encoder}/{feature}", justify="right", no_wrap=True)
    rows = ((found.default, found.default.plain), (found.steered, found.steered.steered))
    for i in range(max(len(text.tokens) for text, _ in rows)):
        cells, active = [str(i)], False
        for side, (text, values) in enumerate(rows):
            there = i < len(text.tokens)
            cells.append(_one_line(strings[side][i]) if there else "")
            for feature in range(len(shown)):
                value = values[feature][i] if there else 0.0
                active = active or value != 0
                cells.append(f"{value:.3g}" if value else "")
        if active:
            table.add_row(*map(Line, cells))
    if table.row_count:
        console.print(table)
    else:
        console.print("Before it was changed, no feature of these was active on any token.")


def _one_line(token: str) -> str:
    return token.replace("\n", "⏎")


def document(found: Steered, recipe: Recipe, model: LanguageModel) -> dict[str, Any]:
    """The same for JSON: everything."""

    def text(one: Text) -> dict[str, Any]:
        return {
            "text": _decoded(model, one.tokens),
            "tokens": _strings(model, one),
            "activations_plain": one.plain,
            "activations_steered": one.steered,
        }

    return {
        "recipe": recipe.model_dump(mode="json"),
        "same": found.same,
        "n_prompt": found.n_prompt,
        "features": [f"{encoder}/{feature}" for encoder, feature in found.features],
        "default": text(found.default),
        "steered": text(found.steered),
    }


def _decoded(model: LanguageModel, tokens: Sequence[int]) -> str:
    assert model.tokenizer is not None
    return str(model.tokenizer.decode(list(tokens), skip_special_tokens=True))
