"""Names that other tools have for sites, and a note of what their files have no field for."""

import re
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ValidationError

from microtome.dictionary.dictionary import Dictionary
from microtome.dictionary.formats.layers import site
from microtome.errors import MicrotomeError

_HOOKS = {
    "resid.pre": "hook_resid_pre",
    "attn.pattern": "attn.hook_pattern",
    "attn.head.out": "attn.hook_z",
    "attn.out": "hook_attn_out",
    "resid.mid": "hook_resid_mid",
    "mlp.normalized": "ln2.hook_normalized",
    "mlp.in": "mlp.hook_in",
    "mlp.out": "hook_mlp_out",
    "resid.post": "hook_resid_post",
}
"""TransformerLens names. For mlp.out not `mlp.hook_out`, which lies before a post norm."""

_MODEL_HOOKS = {"embed": "hook_embed", "final": "ln_final.hook_normalized"}
_KINDS = {hook: kind for kind, hook in _HOOKS.items()} | {"mlp.hook_out": "mlp.out"}
_BLOCK = re.compile(r"blocks\.(\d+)\.(.+)")
_NOTE = "microtome"


def hook_name(name: str) -> str:
    """The TransformerLens name of a site; names of its own style stay as they are."""
    match = _BLOCK.fullmatch(name)
    if match is None:
        return _MODEL_HOOKS.get(name, name)
    return f"blocks.{match[1]}.{_HOOKS.get(match[2], match[2])}"


def kind_and_layer(name: str) -> tuple[str, int | None]:
    """The kind of a site by microtome's name for it, and its layer if it has one."""
    match = _BLOCK.fullmatch(name)
    if match is None:
        return name, None
    return _KINDS.get(match[2], match[2]), int(match[1])


class Note(BaseModel):
    """What a dictionary says of itself and a foreign configuration has no field for.

    It is kept under the key `microtome`, which the tools pass over.
    """

    reads: list[str] = []
    writes: list[str] = []
    skip_first: bool = True
    skip_special: bool = False
    model: str = ""

    def of(self, dictionary: Dictionary) -> Dictionary:
        """A dictionary read from the file, with what the note says of tokens and model."""
        return replace(
            dictionary,
            skip_first=self.skip_first,
            skip_special=self.skip_special,
            model=self.model,
        )


def resolve(
    templates: tuple[str | None, str | None],
    noted: Note,
    named: tuple[str | None, str | None],
    layer: int | None,
    path: Path,
    sae: bool = False,
) -> tuple[str | None, str | None]:
    """The sites read and written of a one-site dictionary: by templates, note, or its files.

    Args:
        templates: what the caller passes, such as `blocks.{layer}.mlp.in`.
        noted: microtome's note.
        named: what the files say in the format's own way.
        layer: that the templates stand for.
        path: of the dictionary, for messages.
        sae: whether it must be an SAE, which writes what it reads.
    """
    said_in = noted.reads[0] if noted.reads else named[0]
    said_out = noted.writes[0] if noted.writes else named[1]
    read = site(templates[0], layer, path) if templates[0] else said_in
    if templates[1]:
        return read, site(templates[1], layer, path)
    same = sae or (said_in is not None and said_in == said_out)
    return read, read if same else said_out


def note(dictionary: Dictionary) -> dict[str, dict]:
    """The entry of a configuration that notes what the format does not hold."""
    content = Note(
        reads=list(dictionary.reads),
        writes=list(dictionary.writes),
        skip_first=dictionary.skip_first,
        skip_special=dictionary.skip_special,
        model=dictionary.model,
    )
    return {_NOTE: content.model_dump()}


def read_note(config: dict, path: Path) -> Note:
    """The note in a configuration; one that says nothing where microtome did not write it.

    Raises:
        MicrotomeError: the note is there but damaged.
    """
    try:
        return Note.model_validate(config.get(_NOTE) or {}, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in (_NOTE, *first["loc"]))
        raise MicrotomeError(
            f"{path}: field {field!r}: {first['msg']}; mend it, or take {_NOTE!r} out"
        ) from error


def model_name(dictionary: Dictionary) -> str:
    """The model's name, where the file that the dictionary was read from gives it."""
    config = dictionary.info.get("config")
    if not isinstance(config, dict):
        return ""
    homes = (config, config.get("metadata"), config.get("trainer"))
    found = (h.get(key) for h in homes if isinstance(h, dict) for key in ("model_name", "lm_name"))
    return next((name for name in found if isinstance(name, str)), "")
