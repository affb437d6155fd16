"""What a scoreboard reports while it is made."""

from collections.abc import Callable

from microtome.training import Progress

Stages = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def silent(stage: str, done: int, total: int) -> None:
    """Reports nothing."""


def training_report(stages: Stages, stage: str) -> Callable[[Progress], None]:
    """Reports a training run's steps as a stage."""
    return lambda progress: stages(stage, progress.step, progress.steps)
