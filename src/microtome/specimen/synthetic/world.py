"""The world behind synthetic activations: directions, how often each fires, trees, groups."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.data.batches import seeded
from microtome.specimen.synthetic.options import SyntheticOptions

_STEPS, _ROUNDS = 2000, 60
"""Of the quadrature, and of the iteration over it."""


@dataclass(frozen=True)
class SyntheticWorld:
    """What is known of synthetic activations before any is drawn."""

    directions: Float[Tensor, "direction d"]
    """Of norm 1."""
    probability: Float[Tensor, " direction"]
    """Share of tokens on which each is active; float64."""
    parent: Int[Tensor, " direction"]
    """Direction without which this one never fires; -1 for none."""
    group: Int[Tensor, " direction"]
    """Number of the group whose members fire together; -1 for none."""
    levels: tuple[Int[Tensor, " _"], ...]
    """Directions at each depth below the roots of the trees, from depth 1 on."""

    @property
    def conditional(self) -> Float[Tensor, " direction"]:
        """Probability of each where its parent is active; of those without one, of all tokens."""
        above = torch.where(self.parent >= 0, self.probability[self.parent], 1.0)
        return self.probability / above


def make_world(options: SyntheticOptions) -> SyntheticWorld:
    """The world that options describe.

    Directions are drawn from a Gaussian whose covariance has its axes turned at random, and are
    brought to norm 1; the Gaussian's eigenvalues are such that those of the covariance of the
    directions are the power law asked for. Members of trees are spread evenly over all
    frequencies, parents always more frequent than their children, which are dealt out in turn;
    groups are random sets of directions without a parent.
    """
    n = options.directions
    often = torch.arange(1, n + 1, dtype=torch.float64).pow(-options.exponent)
    parent, levels = _trees(options)
    return SyntheticWorld(
        directions=_directions(options),
        probability=options.active * often / often.sum(),
        parent=parent,
        group=_groups(options, parent),
        levels=levels,
    )


def _directions(options: SyntheticOptions) -> Float[Tensor, "direction d"]:
    generator = seeded(options.seed, "directions")
    x = torch.randn(options.directions, options.d, generator=generator)
    if options.anisotropy:
        rank = torch.arange(1, options.d + 1, dtype=torch.float64)
        variances = _before_norm(rank.pow(-options.anisotropy))
        axes = torch.linalg.qr(torch.randn(options.d, options.d, generator=generator)).Q
        x = (x * variances.sqrt().float()) @ axes.T
    return torch.nn.functional.normalize(x, dim=1)


def _before_norm(wanted: Float[Tensor, " d"]) -> Float[Tensor, " d"]:
    """Variances of a Gaussian whose draws, brought to norm 1, have a covariance with eigenvalues
    in the ratios wanted.

    The share of axis k in the squared norm is the integral over t > 0 of
    v_k / (1 + 2 v_k t) * prod_j (1 + 2 v_j t)^(-1/2): the expectation of x_k^2 exp(-t |x|^2),
    from which the division by |x|^2 follows. Variances are scaled until the shares are right.
    """
    share = wanted / wanted.sum()
    log_t = torch.linspace(-14, 30, _STEPS, dtype=torch.float64)
    t = log_t.exp()[:, None]
    variances = share.clone()
    for _ in range(_ROUNDS):
        growth = 1 + 2 * variances * t
        density = (variances / growth) * (-0.5 * growth.log().sum(1, keepdim=True)).exp() * t
        found = torch.trapezoid(density, log_t, dim=0)
        variances = variances * share / found
        variances = variances / variances.sum()
    return variances


def _trees(options: SyntheticOptions) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Parent of every direction, and the directions of each level."""
    parent = torch.full((options.directions,), -1, dtype=torch.long)
    if not options.trees:
        return parent, ()
    members = options.trees * options.tree_size
    place = torch.arange(members) * options.directions // members
    widths = [options.trees * options.tree_branching**i for i in range(options.tree_depth)]
    above, *levels = place.split(widths)
    for level in levels:
        parent[level] = above[torch.arange(len(level)) % len(above)]
        above = level
    return parent, tuple(levels)


def _groups(options: SyntheticOptions, parent: Tensor) -> Tensor:
    group = torch.full((options.directions,), -1, dtype=torch.long)
    if options.group_size > 1:
        free = (parent < 0).nonzero().squeeze(1)
        order = torch.randperm(len(free), generator=seeded(options.seed, "groups"))
        whole = len(free) // options.group_size * options.group_size
        group[free[order[:whole]]] = torch.arange(whole) // options.group_size
    return group
