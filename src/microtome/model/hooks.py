"""Hooks: reading and replacing activations at sites of a Hugging Face model."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal, NamedTuple

from torch import Tensor, nn

Edit = Callable[[Tensor], Tensor]
"""Takes the activation at a site and returns the one to go on with (itself for none)."""


def chain(functions: Iterable[Edit]) -> Edit:
    """One edit of several, in their order."""
    one_after_the_other = tuple(functions)

    def run(x: Tensor) -> Tensor:
        for function in one_after_the_other:
            x = function(x)
        return x

    return run


class Tap(NamedTuple):
    """The module and the side of it at which a site's activation passes."""

    module: nn.Module
    side: Literal["input", "output"]


@contextmanager
def tapped(taps: list[tuple[Tap, Edit]]) -> Iterator[None]:
    """Call each edit with its site's activation inside the block; hooks are removed at the end."""
    with ExitStack() as stack:
        for tap, edit in taps:
            if tap.side == "input":
                handle = tap.module.register_forward_pre_hook(_on_input(edit), with_kwargs=True)
            else:
                handle = tap.module.register_forward_hook(_on_output(edit))
            stack.callback(handle.remove)
        yield


def _on_input(edit: Edit):
    def hook(module: nn.Module, args: tuple, kwargs: dict):
        if args:
            return (edit(args[0]), *args[1:]), kwargs
        return args, {**kwargs, "hidden_states": edit(kwargs["hidden_states"])}

    return hook


def _on_output(edit: Edit):
    def hook(module: nn.Module, args: tuple, output):
        if isinstance(output, tuple):
            return (edit(output[0]), *output[1:])
        return edit(output)

    return hook
