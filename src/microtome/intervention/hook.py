"""Interventions exported as plain PyTorch: a folder that steers the model without microtome."""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from microtome.artifact.whole import replaces, whole_folder
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.intervention.baseline import computing, precision
from microtome.intervention.changes import block, check_stream
from microtome.intervention.description import (
    Direction,
    Features,
    Head,
    Intervention,
    Span,
    WholeSite,
)
from microtome.intervention.generate import steering
from microtome.model import LanguageModel, Site
from microtome.model.taps import source_of

CODE, WEIGHTS = "steering.py", "steering.safetensors"
Step = dict[str, Any]


def export_hook(
    folder: str | Path,
    model: LanguageModel,
    interventions: Sequence[Intervention],
    dictionary: Dictionary | None = None,
    force: bool = False,
) -> None:
    """Write interventions as a folder with `steering.py` and `steering.safetensors`.

    `steering.attach(model)` puts them on the Hugging Face model, with torch and safetensors
    alone; what the model generates then is what `generate` generates, with or without a cache.

    Raises:
        MicrotomeError: the folder exists, an intervention that the model or the dictionary cannot
            have, or a patch, whose other prompt is not part of a hook.
    """
    files = hook_files(model, interventions, dictionary)
    folder = Path(folder)
    replaces(folder, force)
    with whole_folder(folder, force) as beside:
        for name, content in files.items():
            (beside / name).write_bytes(content)


@torch.no_grad()
def hook_files(
    model: LanguageModel,
    interventions: Sequence[Intervention],
    dictionary: Dictionary | None = None,
) -> dict[str, bytes]:
    """The files of an exported hook by their names.

    Raises:
        MicrotomeError: as `export_hook`.
    """
    for intervention in interventions:
        if intervention.how == "patch":
            raise MicrotomeError(
                "a patch cannot be exported as a hook: it needs the other prompt; clamp, scale or "
                "ablate instead"
            )
    at_work = computing(model, dictionary)
    steering(model, at_work, interventions, model.max_positions)  # refuses what cannot be
    plan = _Plan(model, at_work)
    plan.add_features(interventions)
    plan.add_directions(interventions)
    plan.add_blocks(interventions)
    meta = {"format": "pt", "steering": json.dumps(plan.document())}
    return {
        CODE: _code(model, dictionary, interventions).encode(),
        WEIGHTS: save(plan.tensors, meta),
    }


class _Plan:
    """Steps of a hook in the order in which a pass meets them, and their tensors."""

    def __init__(self, model: LanguageModel, dictionary: Dictionary | None):
        self._model, self._dictionary = model, dictionary
        self._reads: dict[Site, list[Step]] = defaultdict(list)
        self._edits: dict[Site, list[Step]] = defaultdict(list)
        self._names = {id(module): name for name, module in model.hf.named_modules()}
        self.tensors: dict[str, Tensor] = {}

    def document(self) -> dict[str, Any]:
        """As `attach` reads it."""
        steps = []
        # functions at one module run in the order of `sites_tapped`: the first site is `embed`
        for site in dict.fromkeys((Site("embed"), *self._reads, *self._edits)):
            source, _ = source_of(self._model, site)
            tap = self._model.tap(source)
            place = {"module": self._names[id(tap.module)], "side": tap.side}
            here = (*self._reads.get(site, ()), *self._edits.get(site, ()))
            steps += [place | step for step in here]
        return {"model": self._model.name, "width": self._model.d_model, "steps": steps}

    def _keep(self, name: str, tensor: Tensor) -> str:
        self.tensors[name] = tensor.to("cpu", copy=True).contiguous()
        return name

    def add_features(self, interventions: Sequence[Intervention]) -> None:
        """Features read at their sites, and what they write."""
        by_encoder: dict[int, list[tuple[int, Step]]] = defaultdict(list)
        for intervention in interventions:
            if isinstance(intervention.what, Features):
                for encoder, feature in intervention.what.features:
                    by_encoder[encoder].append((feature, _entry(intervention)))
        for encoder, entries in sorted(by_encoder.items()):
            features, steps = zip(*entries, strict=True)
            self._add_encoder(encoder, torch.tensor(features), list(steps))

    def _add_encoder(self, encoder: int, features: Tensor, entries: list[Step]) -> None:
        dictionary = self._dictionary
        assert dictionary is not None
        read = self._model.check_site(dictionary.reads[dictionary.sources[encoder][0]])
        key = f"encoder.{encoder}"
        step = {
            "do": "read",
            "encoder": key,
            "entries": entries,
            "first": int(dictionary.skip_first),
            "norm": self._norm(read),
            "k": self._add_weights(key, encoder, features),
        }
        self._reads[read].append(step)
        decoder = dictionary.decoders[encoder]
        for target in decoder.targets:
            name = f"decoder.{encoder}.{target}"
            self._keep(name, decoder.rows(features, target, dictionary.biases[target]))
            site = self._model.check_site(dictionary.writes[target])
            self._edits[site].append({"do": "write", "encoder": key, "decoder": name})

    def _add_weights(self, key: str, encoder: int, features: Tensor) -> int | None:
        """Rows of the encoder that are needed: for topk, whose features compete, all of them."""
        assert self._dictionary is not None
        whole = self._dictionary.encoders[encoder]
        activation = whole.activation
        if activation.kind == "topk":
            self._keep(f"{key}.weight", whole.weight)
            self._keep(f"{key}.bias", whole.bias)
            self._keep(f"{key}.features", features)
            return activation.k
        picked = features.to(whole.bias.device)
        self._keep(f"{key}.weight", whole.weight[picked])
        self._keep(f"{key}.bias", whole.bias[picked])
        threshold = activation.select(picked).threshold
        if threshold is not None:
            self._keep(f"{key}.threshold", threshold)
        return None

    def _norm(self, read: Site) -> Step | None:
        """Of a dictionary that reads the MLP's input before the norm's weight."""
        if read.kind != "mlp.normalized":
            return None
        assert read.layer is not None
        norm = self._model.part(read.layer, self._model.adapter.mlp_norm)
        if norm is None:
            return None
        eps = next(
            getattr(norm, name) for name in ("eps", "variance_epsilon") if hasattr(norm, name)
        )
        return {"centred": isinstance(norm, torch.nn.LayerNorm), "eps": float(eps)}

    def add_directions(self, interventions: Sequence[Intervention]) -> None:
        """Directions at their sites."""
        by_site: dict[Site, list[Intervention]] = defaultdict(list)
        for intervention in interventions:
            if isinstance(intervention.what, Direction):
                by_site[check_stream(self._model, intervention.what.site)].append(intervention)
        for site, there in by_site.items():
            rows = [i.what.vector for i in there if isinstance(i.what, Direction)]
            name = self._keep(
                f"directions.{site}", torch.tensor(rows, dtype=precision(self._model))
            )
            entries = [_entry(intervention) for intervention in there]
            self._edits[site].append({"do": "direction", "vectors": name, "entries": entries})

    def add_blocks(self, interventions: Sequence[Intervention]) -> None:
        """Heads and whole sites."""
        by_site: dict[Site, list[Step]] = defaultdict(list)
        for intervention in interventions:
            if isinstance(intervention.what, Head | WholeSite):
                site, columns = block(self._model, intervention)
                by_site[site].append(
                    _entry(intervention) | {"columns": [columns.start, columns.stop]}
                )
        for site, entries in by_site.items():
            self._edits[site].append({"do": "block", "entries": entries})


def _entry(intervention: Intervention) -> Step:
    factor, offset = intervention.affine
    positions = intervention.positions
    return {
        "factor": factor,
        "offset": offset,
        "positions": list(positions) if isinstance(positions, tuple) else positions,
    }


_HEADER = '''"""Steering of {model}: {what}.

Made by microtome; needs torch and safetensors, and `steering.safetensors` beside this file.

    from steering import attach

    with attach(model):  # the AutoModelForCausalLM; attach(model).remove() without `with`
        model.generate(**tokenizer(prompt, return_tensors="pt"))
"""
'''


def _code(
    model: LanguageModel, dictionary: Dictionary | None, interventions: Sequence[Intervention]
) -> str:
    source = Path(__file__).with_name("attach.py").read_text(encoding="utf-8")
    body = source.split('"""', 2)[2]
    what = "; ".join(map(describe, interventions)) or "nothing is changed"
    of = f" (features of {dictionary.name})" if dictionary else ""
    said = _HEADER.format(model=_plain(model.name), what=_plain(what + of))
    return said + body


def _plain(text: str) -> str:
    """Text that ends no docstring."""
    return " ".join(text.replace("\\", "/").replace('"', "'").split())


_SPANS: dict[Span, str] = {
    "all": "at all positions",
    "prompt": "in the prompt",
    "last": "at the last position",
    "generated": "at generated positions",
}


def describe(intervention: Intervention) -> str:
    """An intervention in words: `L2/138: scale 3 at all positions`."""
    what = intervention.what
    if isinstance(what, Features):
        name = ", ".join(f"L{encoder}/{feature}" for encoder, feature in what.features)
    elif isinstance(what, Head):
        name = f"head {what.layer}.{what.head}"
    else:
        name = f"a direction at {what.site}" if isinstance(what, Direction) else what.site
    value = "" if intervention.value is None else f" {intervention.value:g}"
    where = intervention.positions
    at = _SPANS[where] if isinstance(where, str) else f"at positions {', '.join(map(str, where))}"
    return f"{name}: {intervention.how}{value} {at}"
