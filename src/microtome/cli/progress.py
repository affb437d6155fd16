"""Progress on stderr, so that stdout stays clean for machines."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from microtome import training


@contextmanager
def progress_bar(title: str, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Yields a function to call with what is done and what there is to do."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield (lambda done, total: None) if quiet else _occasional_lines(title)
        return
    with _bar(console) as bar:
        task = bar.add_task(title, total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


@contextmanager
def stage_bar(quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """Progress through stages: yields a function to call with the stage, what is done of it, and
    what there is to do (0 where unknown)."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield _silent_stages if quiet else _occasional_stages()
        return
    with _bar(console) as bar:
        task, current = bar.add_task("starting", total=None), "starting"

        def advance(stage: str, done: int, total: int) -> None:
            nonlocal current
            if stage != current:
                bar.reset(task, description=stage)
                current = stage
            bar.update(task, completed=done, total=total or None)

        yield advance


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


class TrainingBar:
    """A training run as it goes: speed, error, sparsity, dead features, time left."""

    def __init__(self, advance: Callable[[int, int, str], None]):
        self._advance = advance

    def harvested(self, tokens: int) -> None:
        self._advance(0, 0, f"harvesting: {tokens:,} tokens")

    def report(self, progress: "training.Progress") -> None:
        figures = list(progress.figures.values())
        n = len(figures)
        self._advance(
            progress.step,
            progress.steps,
            f"{progress.tokens_per_second:,.0f} tok/s  loss {sum(f.loss for f in figures) / n:.3f}"
            f"  FVU {sum(f.mean_fvu for f in figures) / n:.3f}"
            f"  L0 {sum(f.l0 for f in figures) / n:.1f}"
            f"  dead {sum(f.dead for f in figures) / n:.1%}"
            + (f"  ({n} dictionaries)" if n > 1 else ""),
        )


@contextmanager
def training_bar(steps: int, quiet: bool = False) -> Iterator[TrainingBar]:
    """Progress of a training run on stderr; a line every 30 seconds where that is a log."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield TrainingBar(_silence if quiet else _occasional_lines("training"))
        return
    columns = (
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=steps)
        yield TrainingBar(
            lambda done, total, text: bar.update(task, completed=done, description=text)
        )


def _silence(done: int, total: int, text: str = "") -> None:
    pass


def _silent_stages(stage: str, done: int, total: int) -> None:
    pass


def _occasional_stages() -> Callable[[str, int, int], None]:
    """For logs: a line every 30 seconds, so that short work says nothing."""
    said = time.monotonic()

    def advance(stage: str, done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said > 30:
            said = time.monotonic()
            much = f": {done:,} of {total:,}" if total else f": {done:,}" if done else ""
            print(f"{stage}{much}", file=sys.stderr, flush=True)

    return advance


def _occasional_lines(title: str) -> Callable[..., None]:
    """For logs: a line every 30 seconds, so that short work says nothing."""
    said = time.monotonic()

    def advance(done: int, total: int, text: str = "") -> None:
        nonlocal said
        if time.monotonic() - said > 30:
            said = time.monotonic()
            print(f"{title}: {done} of {total}  {text}".rstrip(), file=sys.stderr, flush=True)

    return advance


def status(text: str, quiet: bool = False):
    """A spinner on stderr with a line of text, for steps of unknown length."""
    return Console(stderr=True, quiet=quiet).status(text)
