"""From a program to a Hugging Face model whose every variable and edge is known."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen.compiled.basis import Basis, aligned, rotated
from microtome.specimen.compiled.gpt2 import GPT2Writer
from microtome.specimen.compiled.llama import LlamaWriter, counted_positions
from microtome.specimen.compiled.norms import ONE_ACTIVE, ONE_IDLE
from microtome.specimen.compiled.program import NONE, Program
from microtome.specimen.compiled.programs import find_program
from microtome.specimen.compiled.schedule import Schedule
from microtome.specimen.compiled.space import Space, compressed_space, plain_space, squeezed
from microtome.specimen.compiled.weights import SHARE, Plan, Weights, build_weights
from microtome.specimen.compiled.writer import Writer
from microtome.specimen.registry import nearest
from microtome.specimen.special_tokens import END, START
from microtome.specimen.word_tokenizer import word_tokenizer

FAMILIES: dict[str, type[Writer]] = {"gpt2": GPT2Writer, "llama": LlamaWriter}
"""By `model_type`."""


@dataclass(frozen=True)
class Compiled:
    """A program as a model, and how it was made."""

    program: Program
    hf: PreTrainedModel
    """A model of transformers, float32."""
    tokenizer: PreTrainedTokenizerFast
    plan: Plan
    weights: Weights
    """The exact transformer that the model is, before it was rotated: float64."""
    basis: Basis
    """Direction in the model of every column of the exact transformer's stream."""
    config: Mapping[str, int | bool | str]
    """Name, seed and options."""

    @property
    def space(self) -> Space:
        return self.plan.space

    @property
    def schedule(self) -> Schedule:
        return self.plan.schedule

    @property
    def d_model(self) -> int:
        return self.basis.shape[1]

    @property
    def ratio(self) -> float:
        """d_model over the dimensions that the variables need with one for every value."""
        return self.d_model / self.space.subspaces

    @property
    def min_margin(self) -> float:
        """Of all margins that were checked the smallest, in multiples of the one needed."""
        return min(margin.times for margin in self.space.margins)

    def language_model(self) -> LanguageModel:
        """The model behind microtome's hooks."""
        return LanguageModel(self.hf, self.tokenizer, f"compiled {self.program.name}")

    def directions(self, name: str) -> Float[Tensor, "value d_model"]:
        """The vector that stands for each value of a variable, in the model's own directions."""
        return self.plan.vectors(name) @ self.basis

    def share_directions(self, name: str) -> Float[Tensor, "count d_model"]:
        """What the head of a `Width` writes for the counts 0, 1, 2, ... before the MLP turns it
        into a code."""
        counts = torch.arange(1, self.program.positions + 1, dtype=torch.float64)
        return (SHARE / counts)[:, None] * self.basis[self.plan.shares[name]]


def compile_program(
    program: str | Program,
    seed: int = 0,
    norms: bool = True,
    rotate: bool = True,
    compress: bool = True,
    d_model: int | None = None,
    family: str = "gpt2",
) -> Compiled:
    """Compile a program to a transformer that computes it exactly.

    After Lindner et al. 2023, "Tracr: Compiled Transformers as a Laboratory for Interpretability"
    (https://arxiv.org/abs/2301.05062). Deviations: decoders with causal attention, norms that may
    act, values in overlapping codes whose margins are checked here, and all of it rotated.

    Args:
        program: one of `PROGRAMS` by its name, or a program of your own.
        seed: of the rotation.
        norms: whether norms act. Where they do not, they give back what they are given.
        rotate: whether directions are random; otherwise as nearly along the axes as the mean that
            LayerNorm subtracts allows.
        compress: whether a variable has fewer dimensions than values.
        d_model: width; by default the smallest that leaves all margins.
        family: "gpt2", or "llama", which counts its positions.

    Raises:
        MicrotomeError: unknown program or family (names the nearest); a width that is too small
            (says which margin fails); a program whose variables do not fit together.
    """
    program = find_program(program)
    _check_output(program)
    if family not in FAMILIES:
        raise MicrotomeError(f"unknown family {family!r}; {nearest(family, FAMILIES)}")
    writer = FAMILIES[family]
    if family == "llama":
        program = counted_positions(program)
    space = compressed_space(program) if compress else plain_space(program)
    plan = Plan(space, ONE_ACTIVE if norms else ONE_IDLE)
    width = _width(plan, writer.width(plan), d_model)
    generator = torch.Generator().manual_seed(seed)
    basis = rotated(plan.stream, width, generator) if rotate else aligned(plan.stream, width)
    weights = build_weights(plan)
    hf = writer(plan, basis, norms, seed + 1 if rotate else None).write(weights)
    config: dict[str, int | bool | str] = {"program": program.name, "seed": seed, "norms": norms}
    config |= {"rotate": rotate, "compress": compress, "d_model": width, "family": family}
    tokenizer = word_tokenizer(program.vocabulary, program.positions)
    return Compiled(program, hf, tokenizer, plan, weights, basis, config)


def _width(plan: Plan, least: int, wanted: int | None) -> int:
    """The model's width: what is wanted, if that is enough."""
    heads = plan.schedule.heads
    if wanted is None:
        return least
    name = plan.program.name
    if wanted < least:
        besides = plan.stream - plan.space.dims + 1
        failed = squeezed(plan.space, max(wanted - besides, 1)).failed()
        why = (
            f"{failed.what} would have a margin of {failed.found:.3g}, needed {failed.needed:g}"
            if failed
            else f"its {heads} heads need {plan.head_size} dimensions each"
        )
        raise MicrotomeError(
            f"{name!r} cannot be compressed to a d_model of {wanted}: {why}; the smallest that "
            f"works is {least}"
        )
    if wanted % heads:
        raise MicrotomeError(
            f"a d_model of {wanted} cannot be shared by the {heads} heads of {name!r}; take "
            f"{-(-wanted // heads) * heads}"
        )
    return wanted


def _check_output(program: Program) -> None:
    """The output must name tokens."""
    known = {NONE, START, END, *program.symbols}
    for value in program.values[program.output]:
        if value not in known:
            raise MicrotomeError(
                f"program {program.name!r}: the output {program.output!r} can be {value!r}, which "
                f"is no token; give it as a symbol"
            )
