"""Sites of a model seen, changed and kept during its forward passes."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from torch import Tensor

from microtome.errors import MicrotomeError
from microtome.model.attention import PatternTap, attention_taps
from microtome.model.hooks import Edit, Tap, chain, tapped
from microtome.model.norm import normalized
from microtome.model.site import Site

if TYPE_CHECKING:
    from microtome.model.language_model import LanguageModel

Watch = Callable[[Tensor], None]
"""Is shown the activation at a site."""


class AllCaptured(Exception):
    """Ends a forward pass whose remaining layers nobody asked for."""


@contextmanager
def sites_tapped(
    model: "LanguageModel",
    capture: Sequence[Site] = (),
    edit: Mapping[Site, Edit] | None = None,
    watch: Mapping[Site, Watch] | None = None,
    activations: dict[Site, Tensor] | None = None,
    stop_at: int | None = None,
) -> Iterator[None]:
    """Let forward passes inside the block be watched, then edited, then recorded, site by site.

    Args:
        model: whose passes.
        capture: sites to keep in `activations`, as they are after any edit.
        edit: by site, a function from the activation to its replacement.
        watch: by site, a function that is shown the activation before any edit.
        activations: filled with what is captured.
        stop_at: end the pass, by `AllCaptured`, when so many sites are captured.

    Raises:
        MicrotomeError: a site that does not exist, or that cannot be edited.
    """
    functions: dict[Site, list[Edit]] = defaultdict(list)
    kept = {} if activations is None else activations
    for site, look in (watch or {}).items():
        source, finish = source_of(model, site)
        functions[source].append(_watcher(look, finish))
    for site, change in (edit or {}).items():
        _check_editable(site)
        functions[site].append(change)
    for site in capture:
        source, finish = source_of(model, site)
        functions[source].append(_recorder(kept, site, finish, stop_at))
    patterns: dict[int, PatternTap] = {}
    taps: list[tuple[Tap, Edit]] = []
    for site, chained in functions.items():
        if site.kind == "attn.pattern":
            assert site.layer is not None
            patterns[site.layer] = chain(chained)
        else:
            taps.append((model.tap(site), chain(chained)))
    with attention_taps(model.hf, patterns), tapped(taps):
        yield


def source_of(model: "LanguageModel", site: Site) -> tuple[Site, Callable[[Tensor], Tensor]]:
    """The site to tap for seeing `site`, and what to make of the tapped tensor."""
    if site.kind == "mlp.normalized":
        assert site.layer is not None
        norm = model.part(site.layer, model.adapter.mlp_norm)
        stream = Site("resid.pre" if model.parallel else "resid.mid", site.layer)
        if norm is None:
            return Site("mlp.in", site.layer), lambda x: x
        return stream, lambda x: normalized(norm, x)
    if site.kind == "attn.head.out":
        return site, lambda x: x.unflatten(-1, (model.n_heads, model.d_head))
    return site, lambda x: x


def _check_editable(site: Site) -> None:
    """Some sites are computed beside the stream: a change there would not reach it."""
    instead = {"resid.mid": "attn.out", "mlp.normalized": "mlp.in"}.get(site.kind)
    if instead:
        raise MicrotomeError(
            f"site {site} can be captured but not edited; edit blocks.{site.layer}.{instead}"
        )


def _watcher(look: Watch, finish: Callable[[Tensor], Tensor]) -> Edit:
    def run(x: Tensor) -> Tensor:
        look(finish(x.detach()))
        return x

    return run


def _recorder(
    activations: dict[Site, Tensor],
    site: Site,
    finish: Callable[[Tensor], Tensor],
    stop_at: int | None,
) -> Edit:
    def record(x: Tensor) -> Tensor:
        activations[site] = finish(x.detach())
        if len(activations) == stop_at:
            raise AllCaptured
        return x

    return record
