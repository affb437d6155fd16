"""The truth of a specimen: what is known of it by construction, as an artifact folder.

`manifest.json`, `truth.json` (a `Truth`, by the JSON schema that `truth_schema` gives) and
`truth.safetensors` (the tensors that it names).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from microtome.artifact import SCHEMA_VERSIONS, Manifest, new_artifact, read_manifest
from microtome.artifact.json_file import read_as
from microtome.errors import MicrotomeError

if TYPE_CHECKING:
    from torch import Tensor

TRUTH, TENSORS = "truth.json", "truth.safetensors"
ENDS = ("tokens", "logits")
"""Where a variable may live besides the sites of a model: what goes in, and what comes out."""


class _Form(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True
    )


class Variable(_Form):
    """A categorical quantity that the model computes, and where it lives.

    Each of its values is one known concept; the grid of its labels holds all of them.
    """

    name: str = Field(min_length=1)
    site: str
    """A site of the model ("blocks.1.resid.post"), or "tokens" or "logits" for an end."""
    values: list[str] = Field(min_length=1)
    directions: str | None = None
    """Name of a tensor [value, d]: the vector that stands for each value at the site."""
    labels: str | None = None
    """Name of an int16 tensor [n, length]: index of the value at each token of the tensor
    `tokens`, -1 where the variable is not defined."""
    about: str = ""

    @field_validator("site")
    @classmethod
    def _is_a_place(cls, site: str) -> str:
        from microtome.model.site import Site

        if site not in ENDS:
            try:
                Site.parse(site)
            except MicrotomeError as error:
                raise ValueError(f"{error}, and the ends {' and '.join(ENDS)}") from error
        return site

    @field_validator("values")
    @classmethod
    def _once_each(cls, values: list[str]) -> list[str]:
        _check_once("value", values)
        return values


class Edge(_Form):
    """A step of the true circuit: one variable computed from another."""

    source: str
    target: str
    """Names of variables."""
    via: Literal["embedding", "attention", "selection", "mlp", "unembedding"]
    """An attention carries the source's value to the target (by values and outputs of a head); a
    selection only decides where the head looks (by its queries and keys). A variable that does
    both has two edges."""
    layer: int | None = Field(default=None, ge=0)
    """Of an attention, a selection or an MLP; none for the embedding and the unembedding."""
    head: int | None = Field(default=None, ge=0)
    """Of an attention or a selection, where one head alone does it."""

    @model_validator(mode="after")
    def _somewhere_in_the_model(self) -> "Edge":
        if self.via in ("attention", "selection", "mlp") and self.layer is None:
            raise ValueError(f"an edge via {self.via} needs the layer")
        if self.via in ("embedding", "unembedding") and self.layer is not None:
            raise ValueError(f"an edge via {self.via} has no layer")
        if self.head is not None and self.via not in ("attention", "selection"):
            raise ValueError(f"an edge via {self.via} has no head")
        return self


class Item(_Form):
    """One question to a model."""

    prompt: str
    accepted: list[str] = Field(min_length=1)
    """Continuations that count as right."""
    held_out: bool = False
    """Whether the model never saw it in training."""
    match: Literal["starts", "contains", "lacks"] = "starts"
    """The continuation starts with one of the accepted, contains one, or contains none."""


class Behaviour(_Form):
    """Something that a model of a world does or does not do, with the items that measure it."""

    name: str = Field(min_length=1)
    about: str = ""
    expected: dict[str, str] = {}
    """By stage of the model: what is expected of it, in words."""
    items: list[Item] = []


class Truth(_Form):
    """What `truth.json` holds."""

    schema_version: Literal[1] = 1
    specimen: str = Field(min_length=1)
    kind: Literal["synthetic", "compiled", "world"]
    """Known directions, a compiled circuit, or a text world that a model was trained on."""
    about: str = ""
    variables: list[Variable] = []
    edges: list[Edge] = []
    behaviours: list[Behaviour] = []
    tables: dict[str, Any] = {}
    """Of a world: what is true in it, part by part, as JSON."""

    @model_validator(mode="after")
    def _consistent(self) -> "Truth":
        names = [variable.name for variable in self.variables]
        _check_once("variable", names)
        _check_once("behaviour", [behaviour.name for behaviour in self.behaviours])
        for edge in self.edges:
            for end in (edge.source, edge.target):
                if end not in names:
                    known = ", ".join(names) or "none"
                    raise ValueError(f"an edge names {end!r}, which is no variable; known: {known}")
        return self

    def variable(self, name: str) -> Variable:
        """A variable by its name.

        Raises:
            MicrotomeError: there is none of that name.
        """
        for variable in self.variables:
            if variable.name == name:
                return variable
        known = ", ".join(variable.name for variable in self.variables) or "none"
        raise MicrotomeError(f"{self.specimen} has no variable {name!r}; known: {known}")


def truth_schema() -> dict[str, Any]:
    """The JSON schema of `truth.json`; docs/schemas/truth.schema.json is its published copy."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return dialect | Truth.model_json_schema()


def save_truth(
    truth: Truth,
    tensors: "Mapping[str, Tensor]",
    folder: str | Path,
    config: dict[str, Any] | None = None,
    inputs: dict[str, str] | None = None,
    force: bool = False,
) -> None:
    """Write a truth as an artifact folder, whole or not at all.

    Args:
        truth: what is known.
        tensors: the directions and labels that its variables name, with `tokens` [n, length]
            where there are labels; of a synthetic specimen those of `check_tensors`.
        folder: to make.
        config: what made it, kept in the manifest.
        inputs: fingerprints of what it was made from, such as its model's.
        force: replace a truth that exists.

    Raises:
        MicrotomeError: an output that exists, or a tensor that is missing or does not fit.
    """
    from safetensors.torch import save_file

    from microtome.specimen.truth_tensors import check_tensors

    check_tensors(truth, tensors, "the truth")
    manifest = Manifest(
        kind="truth",
        schema_version=SCHEMA_VERSIONS["truth"],
        config=config or {},
        inputs=inputs or {},
        content={"specimen": truth.specimen, "truth": truth.kind},
    )
    with new_artifact(Path(folder), manifest, force) as beside:
        text = truth.model_dump_json(indent=1) + "\n"
        (beside / TRUTH).write_text(text, encoding="utf-8")
        # safetensors refuses two names for the same memory
        plain = {name: x.detach().cpu().contiguous().clone() for name, x in tensors.items()}
        save_file(plain, beside / TENSORS)


def load_truth(folder: str | Path) -> "tuple[Truth, Mapping[str, Tensor]]":
    """Read a truth folder: what is known, and its tensors by name, memory-mapped.

    Raises:
        MicrotomeError: not a truth, incomplete, inconsistent or of a newer version.
    """
    from microtome.dictionary.tensors import TensorFile
    from microtome.specimen.truth_tensors import check_tensors

    folder = Path(folder)
    read_manifest(folder, "truth")
    truth = read_as(folder / TRUTH, Truth, "make the truth again")
    tensors = TensorFile(folder / TENSORS)
    check_tensors(truth, tensors, str(folder))
    return truth, tensors


def _check_once(what: str, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what} {name!r} stands there twice")
        seen.add(name)
