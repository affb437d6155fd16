"""The clerk's report: every behaviour in every stage, beside what is expected of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from transformers import LlamaForCausalLM

from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen.clerk.behaviours import (
    CLEAN,
    PRESENT,
    behaviour,
    expected,
)
from microtome.specimen.clerk.build import find_stage
from microtome.specimen.clerk.evaluate import (
    Perplexity,
    Rate,
    asked,
    measure_items,
    measure_perplexity,
)
from microtome.specimen.clerk.recipe_file import world_beside
from microtome.specimen.clerk.stages import STAGES, Stage
from microtome.specimen.clerk.world.options import WorldOptions
from microtome.specimen.clerk.world.world import World, world_of
from microtome.specimen.load import specimen_path
from microtome.specimen.registry import find_specimen
from microtome.specimen.whole_model import is_built

Verdict = Literal["learned", "not learned", "as expected", "not as expected", "measured"]


@dataclass(frozen=True)
class Row:
    """One behaviour in one stage."""

    behaviour: str
    stage: str
    rate: Rate
    expected: str
    verdict: Verdict


@dataclass(frozen=True)
class StageReport:
    """What was measured of one stage."""

    stage: str
    perplexity: Perplexity
    rows: tuple[Row, ...]

    def row(self, name: str) -> Row | None:
        """That of a behaviour; None where the stage was not asked."""
        return next((row for row in self.rows if row.behaviour == name), None)

    def learned(self, name: str) -> bool:
        """Whether the stage does what is expected of a behaviour; a study uses no other."""
        row = self.row(name)
        return row is not None and row.verdict in ("learned", "as expected")


def report_stage(name: str, folder: Path, world: World | None = None) -> StageReport:
    """Measure one stage, whose model lies in a folder.

    Raises:
        MicrotomeError: an unknown stage, or a model that was trained on another world.
    """
    world, stage = world or world_of(WorldOptions()), find_stage(name)
    read = LanguageModel.load(folder, "cpu", torch.float32)
    model, tokenizer = read.hf, read.tokenizer
    if not isinstance(model, LlamaForCausalLM) or tokenizer is None:
        raise MicrotomeError(f"{folder} is not a stage of the clerk: its model is another")
    if tokenizer.get_vocab() != {word: i for i, word in enumerate(world.vocabulary())}:
        raise MicrotomeError(f"{folder} reads other words than this world has")
    rates = measure_items(model, tokenizer, asked(stage, world.items()))
    rows = tuple(_row(stage, behaviour, rate) for behaviour, rate in rates.items())
    return StageReport(name, measure_perplexity(model, world), rows)


def stage_folders(models: Path | None = None, names: Sequence[str] = ()) -> dict[str, Path]:
    """Where the models of stages lie, parents before their children.

    Args:
        models: folder of `build_stages`; None: the bundled ones.
        names: of the stages; all that are in the folder, or all bundled ones, where there is none.

    Raises:
        MicrotomeError: an unknown stage (names the nearest), or one that is not there.
    """
    wanted = {find_stage(name).name for name in names}
    if models is None:
        bundled = find_specimen("clerk").variants
        return {
            name: specimen_path(f"specimen:clerk/{name}", "model")
            for name in STAGES
            if name in (wanted or bundled)
        }
    there = {name: model for name in STAGES if is_built(model := models / name / "model")}
    if missing := [name for name in STAGES if name in wanted and name not in there]:
        raise MicrotomeError(f"{models} has no stage {missing[0]!r} that is built")
    if not there:
        raise MicrotomeError(f"{models} has no stage of the clerk; name a folder of specimen build")
    return {name: model for name, model in there.items() if name in (wanted or there)}


def report_stages(
    folders: Mapping[str, Path], advance: Callable[[int], None] | None = None
) -> list[StageReport]:
    """Measure stages, each on the world that it was trained on.

    Args:
        folders: of their models, by stage.
        advance: called with the number of stages that are measured.

    Raises:
        MicrotomeError: a recipe beside a model that cannot be read.
    """
    worlds = {name: world_beside(model) for name, model in folders.items()}
    reports = []
    for name, model in folders.items():
        reports.append(report_stage(name, model, worlds[name]))
        if advance:
            advance(len(reports))
    return reports


def _row(stage: Stage, name: str, rate: Rate) -> Row:
    wanted = expected(stage, name)
    return Row(name, stage.name, rate, wanted, _verdict(name, rate.share, wanted))


def _verdict(name: str, share: float, wanted: str) -> Verdict:
    if wanted == "measured":
        return "measured"
    if wanted in ("present", "absent"):
        met = share >= PRESENT if wanted == "present" else share <= CLEAN
        return "as expected" if met else "not as expected"
    goal = behaviour(name).goal
    return "learned" if goal is None or share >= goal else "not learned"


def as_json(reports: Sequence[StageReport]) -> dict[str, object]:
    """The reports by stage: share with its 95% interval, items, expected and verdict of each
    behaviour."""
    return {
        report.stage: {
            "perplexity": asdict(report.perplexity),
            "behaviours": {
                row.behaviour: {
                    "share": round(row.rate.share, 4),
                    "right": row.rate.right,
                    "items": row.rate.items,
                    "interval": [round(end, 4) for end in row.rate.interval],
                    "expected": row.expected,
                    "verdict": row.verdict,
                }
                for row in report.rows
            },
        }
        for report in reports
    }


def items_of(rows: Iterable[Row | None]) -> int:
    """How many items a behaviour has, from its rows in some stages, of which one at least is."""
    return next(row.rate.items for row in rows if row)
