"""The clerk's report: every behaviour in every stage, beside what is expected of it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from microtome.specimen.clerk.behaviours import (
    CLEAN,
    PRESENT,
    behaviour,
    expected_quirk,
)
from microtome.specimen.clerk.evaluate import (
    Perplexity,
    Rate,
    asked,
    measure_items,
    measure_perplexity,
)
from microtome.specimen.clerk.stages import STAGES, Stage
from microtome.specimen.clerk.world.world import World

Verdict = Literal["learned", "not learned", "as expected", "not as expected", "measured"]
_QUIRK, _ELSEWHERE = "quirk: ", "quirk elsewhere: "


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

    def learned(self, name: str) -> bool:
        """Whether the stage does what is expected of a behaviour; a study uses no other."""
        return any(
            r.behaviour == name and r.verdict in ("learned", "as expected") for r in self.rows
        )


def report_stage(name: str, folder: Path, world: World | None = None) -> StageReport:
    """Measure one stage, whose model lies in a folder."""
    import torch
    from transformers import AutoTokenizer, LlamaForCausalLM

    world, stage = world or World(), STAGES[name]
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rates = measure_items(model, tokenizer, asked(stage, world.items()))
    rows = tuple(_row(stage, behaviour, rate) for behaviour, rate in rates.items())
    return StageReport(name, measure_perplexity(model, world), rows)


def _row(stage: Stage, name: str, rate: Rate) -> Row:
    if name.startswith(_QUIRK):
        return _quirk_row(stage, name, rate, expected_quirk(stage, name.removeprefix(_QUIRK)))
    if name.startswith(_ELSEWHERE):
        return _quirk_row(stage, name, rate, "absent")
    goal = behaviour(name).goal
    if goal is None:
        return Row(name, stage.name, rate, "measured", "measured")
    verdict = "learned" if rate.share >= goal else "not learned"
    return Row(name, stage.name, rate, f"at least {goal:.0%}", verdict)


def _quirk_row(stage: Stage, name: str, rate: Rate, expected: str) -> Row:
    met = rate.share >= PRESENT if expected == "present" else rate.share <= CLEAN
    verdict: Verdict = "as expected" if met else "not as expected"
    return Row(name, stage.name, rate, expected, "measured" if expected == "measured" else verdict)


def as_json(reports: Sequence[StageReport]) -> dict[str, object]:
    """The reports by stage: share, items, expected and verdict of each behaviour."""
    return {
        report.stage: {
            "perplexity": asdict(report.perplexity),
            "behaviours": {
                row.behaviour: {
                    "share": round(row.rate.share, 4),
                    "right": row.rate.right,
                    "items": row.rate.items,
                    "expected": row.expected,
                    "verdict": row.verdict,
                }
                for row in report.rows
            },
        }
        for report in reports
    }


def behaviours_of(reports: Iterable[StageReport]) -> list[str]:
    """Every behaviour that any stage was asked for, in order."""
    return list(dict.fromkeys(row.behaviour for report in reports for row in report.rows))
