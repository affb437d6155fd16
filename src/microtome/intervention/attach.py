"""Attaches exported interventions to a Hugging Face model.

This file is the code of every exported hook (`microtome.intervention.hook` copies it), so it
imports torch, safetensors and the standard library, and nothing else.
"""

import json
from pathlib import Path

import torch
from safetensors import safe_open


def attach(model, weights=None, prompt_length=None):
    """Steer a Hugging Face model: what it computes and generates from now on is changed.

    Args:
        model: the causal language model itself, for which this was exported.
        weights: path of `steering.safetensors`; beside this file by default.
        prompt_length: tokens of the prompt, where `prompt`, `last` and `generated` positions
            depend on it; by default those of the first pass of each generation.

    Returns:
        Handles of the hooks: `handles.remove()` ends the steering, as does leaving `with`.

    Raises:
        ValueError: the model lacks a module, or has another width.
    """
    with safe_open(weights or Path(__file__).with_name("steering.safetensors"), "pt") as file:
        plan = json.loads(file.metadata()["steering"])
        exact = torch.float64 if model.dtype == torch.float64 else torch.float32
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    tensors = {
        name: tensor.to(model.device, exact if tensor.is_floating_point() else None)
        for name, tensor in tensors.items()
    }
    _check(model, plan)
    clock = _Clock(prompt_length)
    handles = Handles()
    handles.hooks.append(model.register_forward_pre_hook(clock.begin, with_kwargs=True))
    changed = {}
    for step in plan["steps"]:
        module = model.get_submodule(step["module"])
        edit = _EDITS[step["do"]](step, tensors, clock, changed)
        if step["side"] == "input":
            handle = module.register_forward_pre_hook(_on_input(edit), with_kwargs=True)
        else:
            handle = module.register_forward_hook(_on_output(edit))
        handles.hooks.append(handle)
    return handles


class Handles:
    """Hooks that are on a model."""

    def __init__(self):
        self.hooks = []

    def remove(self):
        for hook in self.hooks:
            hook.remove()

    def __enter__(self):
        return self

    def __exit__(self, *stopped):
        self.remove()


def _check(model, plan):
    modules = dict(model.named_modules())
    for step in plan["steps"]:
        if step["module"] not in modules:
            raise ValueError(f"the model has no {step['module']}: this steers {plan['model']}")
    width = model.config.hidden_size
    if width != plan["width"]:
        raise ValueError(f"the model's width is {width}, not {plan['width']} as {plan['model']}'s")


class _Clock:
    """Where in the text a forward pass stands: with a key-value cache it sees only what is new."""

    def __init__(self, prompt_length):
        self.start = self.stop = 0
        self.given, self.prompt, self.seen = prompt_length, prompt_length or 0, None

    def begin(self, module, args, kwargs):
        tokens = args[0] if args else kwargs.get("input_ids")
        read = kwargs.get("inputs_embeds") if tokens is None else tokens
        mask, past = kwargs.get("attention_mask"), kwargs.get("past_key_values")
        length = read.shape[1]
        if past is not None and past.get_seq_length() > 0:
            self.start, self.stop = self.stop, self.stop + length
            return
        if mask is not None and mask.dim() == 2 and bool((mask[:, :length] == 0).any()):
            raise ValueError("padding moves positions: steer prompts of one length, without it")
        if not self._goes_on(tokens):
            self.prompt = self.given or length
        self.start, self.stop, self.seen = 0, length, tokens

    def _goes_on(self, tokens):
        """Whether this is the text of the pass before and one new token (there is no cache)."""
        before = self.seen
        if before is None or tokens is None or len(tokens) != len(before):
            return False
        n = before.shape[1]
        return tokens.shape[1] == n + 1 and bool((tokens[:, :n] == before).all())

    def where(self, positions, first, device):
        """Which positions of this pass are meant: [position], true or false."""
        at, n = torch.arange(self.start, self.stop, device=device), self.prompt
        if positions == "all":
            return at >= first
        if positions == "prompt":
            return (at >= first) & (at < n)
        if positions == "last":
            return at == n - 1
        if positions == "generated":
            return at >= n
        beyond = [p for p in positions if not -n <= p < n]
        if beyond:
            raise ValueError(f"position {beyond[0]} is not in a prompt of {n} tokens")
        return torch.isin(at, torch.tensor([p % n for p in positions], device=device))


def _on_input(edit):
    def hook(module, args, kwargs):
        if args:
            return (edit(args[0]), *args[1:]), kwargs
        return args, {**kwargs, "hidden_states": edit(kwargs["hidden_states"])}

    return hook


def _on_output(edit):
    def hook(module, args, output):
        if isinstance(output, tuple):
            return (edit(output[0]), *output[1:])
        return edit(output)

    return hook


def _read(step, tensors, clock, changed):
    """Features where they are read: by how much each changes, [batch, position, feature]."""
    key = step["encoder"]
    weight, bias = tensors[f"{key}.weight"], tensors[f"{key}.bias"]
    threshold, features = tensors.get(f"{key}.threshold"), tensors.get(f"{key}.features")
    entries, norm = step["entries"], step["norm"]

    def activations(x):
        x = _normalized(x, **norm) if norm else x
        x = x if x.dtype == torch.float64 else x.float()
        pre = x @ weight.T + bias
        if features is None:
            return pre * (pre > (0 if threshold is None else threshold.clamp(min=0)))
        kept = pre.topk(min(step["k"], pre.shape[-1]), dim=-1).indices
        pre = pre * torch.zeros_like(pre).scatter_(-1, kept, 1.0) * (pre > 0)
        return pre[..., features]

    def look(x):
        old = activations(x)
        factor = old.new_tensor([entry["factor"] for entry in entries])
        offset = old.new_tensor([entry["offset"] for entry in entries])
        at = [clock.where(entry["positions"], step["first"], x.device) for entry in entries]
        by = (factor * old + offset - old) * torch.stack(at, -1)
        changed[key] = by if bool(by.any()) else None
        return x

    return look


def _normalized(x, centred, eps):
    """Before the norm's weight and bias."""
    x = x - x.mean(-1, keepdim=True) if centred else x
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)


def _write(step, tensors, clock, changed):
    """What they change by reaches a site that they write to."""
    decoder = tensors[step["decoder"]]

    def add(x):
        by = changed[step["encoder"]]
        return x if by is None else x + (by @ decoder).to(x.dtype)

    return add


def _direction(step, tensors, clock, changed):
    """New component = factor * old + offset, along each direction at a site."""
    entries, vectors = step["entries"], tensors[step["vectors"]]

    def move(x):
        out = x
        for entry, vector in zip(entries, vectors.to(x.dtype), strict=True):
            at = clock.where(entry["positions"], 0, x.device)[:, None]
            by = entry["offset"]
            if entry["factor"] != 1:
                component = (x * vector).sum(-1, keepdim=True) / (vector * vector).sum()
                by = (entry["factor"] - 1) * component + by
            out = out + by * vector * at
        return out

    return move


def _block(step, tensors, clock, changed):
    """Columns of a site, one head's or all of them, times a factor."""

    def scale(x):
        out = x.clone()
        for entry in step["entries"]:
            at = clock.where(entry["positions"], 0, x.device)[:, None]
            columns = slice(*entry["columns"])
            out[..., columns] = torch.where(
                at, entry["factor"] * x[..., columns], out[..., columns]
            )
        return out

    return scale


_EDITS = {"read": _read, "write": _write, "direction": _direction, "block": _block}
