"""One dictionary in training: its coder, its optimiser, and which of its features are dead."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.dictionary.kernels import kernels_for
from microtome.errors import MicrotomeError
from microtome.training.coder import Forward, SparseCoder
from microtome.training.layout import Layout
from microtome.training.loss import loss_of
from microtome.training.mesh import Mesh
from microtome.training.normalise import Scale
from microtome.training.recipe import DictionaryRecipe, Recipe


@dataclass(frozen=True)
class Figures:
    """What one dictionary reports, averaged over the last steps."""

    loss: float
    fvu: dict[str, float]
    """By written site, on training batches."""
    l0: float
    """Active features per token and encoder."""
    dead: float
    """Share of features that have not fired for `dead_after` tokens."""

    @property
    def mean_fvu(self) -> float:
        return sum(self.fvu.values()) / len(self.fvu)


class Learner:
    """Everything that changes while one dictionary is trained."""

    def __init__(
        self,
        run: Recipe,
        recipe: DictionaryRecipe,
        layout: Layout,
        scales: dict[str, Scale],
        mesh: Mesh,
        device: torch.device | str = "cpu",
    ):
        self.run, self.recipe, self.layout, self.mesh = run, recipe, layout, mesh
        self.scales = scales
        kernels = kernels_for(torch.device(device).type, run.kernels)
        d_in, d_out = (_width(recipe, sites, scales) for sites in (layout.reads, layout.writes))
        self.coder = SparseCoder(recipe, layout, d_in, d_out, kernels, run.seed, mesh, device)
        self.parameters = list(self.coder.parameters())
        self.optimiser = torch.optim.Adam(
            self.parameters, lr=recipe.learning_rate, betas=self.coder.rule(0).betas, fused=True
        )
        for parameter in self.parameters:
            # what Adam would make at its first step, made now so that a checkpoint can fill it
            self.optimiser.state[parameter] = {
                "step": torch.zeros((), device=device),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }
        sizes = [len(bias) for bias in self.coder.encoder_biases]
        self.silent = [torch.zeros(n, dtype=torch.long, device=device) for n in sizes]
        """Per encoder and feature, tokens since it last fired."""
        self.averages = torch.zeros(2 + len(layout.writes), device=device)
        """Running means: loss, L0, and the error at each written site."""

    def step(self, step: int, batch: dict[str, Float[Tensor, "token d"]]) -> None:
        """One step on standardised activations by site.

        Raises:
            MicrotomeError: the loss is not finite; parameters are as before the step.
        """
        x = [batch[site] for site in self.layout.reads]
        truth = torch.cat([batch[site] for site in self.layout.writes], 1)
        if step == 0:
            self.coder.start(x, truth)
        self.coder.gradients.clear(self.parameters)
        forward = self.coder(x)
        dead = [silent > self.recipe.dead_after for silent in self.silent]
        loss = loss_of(self.coder, forward, truth, self._penalty_weight(step), dead)
        # NaN in an input passes no threshold, so the loss alone would not show it
        if not bool(torch.stack([loss.total.detach(), *(v.sum() for v in x)]).isfinite().all()):
            self._refuse(step, batch, loss.reconstruction)
        loss.total.backward()
        self.mesh.mean_gradients(self.parameters)
        self.coder.project_gradients()
        self.optimiser.param_groups[0]["lr"] = self.recipe.learning_rate * schedule(self.run, step)
        self.optimiser.step()
        self.coder.after_step()
        self._count(step, forward, torch.cat([loss.total.detach()[None], loss.reconstruction]))

    def _penalty_weight(self, step: int) -> float:
        return min((step + 1) / max(self.recipe.sparsity_warmup * self.run.steps, 1), 1.0)

    @torch.no_grad()
    def _count(self, step: int, forward: Forward, losses: Float[Tensor, " figures"]) -> None:
        tokens = self.run.batch_size
        active = torch.zeros((), device=losses.device)
        for i, part in enumerate(forward.active):
            fires = part.values.detach() > 0
            fired = torch.zeros_like(self.silent[i], dtype=torch.bool)
            fired[part.codes.features[fires]] = True
            fired = self.mesh.any_data(fired)
            self.silent[i].add_(tokens).masked_fill_(fired, 0)
            active += fires.sum() / (part.codes.n_rows * len(forward.active))
        l0 = sum(self.mesh.gather_features(active), torch.zeros_like(active))
        figures = self.mesh.mean_data(torch.cat([losses[:1], l0[None], losses[1:]]))
        self.averages.lerp_(figures.to(self.averages), 1.0 if step == 0 else 0.05)

    def _refuse(self, step: int, batch: dict[str, Tensor], reconstruction: Tensor) -> None:
        name = self.recipe.name
        bad = [site for site in self.layout.sites if not bool(batch[site].isfinite().all())]
        if bad:
            raise MicrotomeError(
                f"dictionary {name!r}: the activations at {bad[0]} are not finite at step {step}; "
                f"run the model in float32 or leave the site out"
            )
        finite = reconstruction.isfinite().tolist()
        where = [site for site, ok in zip(self.layout.writes, finite, strict=True) if not ok]
        raise MicrotomeError(
            f"dictionary {name!r}: the loss is not finite at step {step}"
            + (f", first at {where[0]}" if where else " (its penalty)")
            + f"; start a new run with a learning_rate below {self.recipe.learning_rate:g} (the "
            f"last checkpoint holds what was learned before)"
        )

    def figures(self) -> Figures:
        loss, l0, *fvu = self.averages.tolist()
        dead = torch.cat([(s > self.recipe.dead_after).float() for s in self.silent]).mean()
        dead = torch.stack(self.mesh.gather_features(dead)).mean()
        return Figures(loss, dict(zip(self.layout.writes, fvu, strict=True)), l0, float(dead))

    def dictionary(self, model: str = "", info: dict | None = None) -> Dictionary:
        """The dictionary as it stands, on raw activations."""
        figures = self.figures()
        about = {
            "architecture": self.recipe.architecture,
            "training_fvu": figures.mean_fvu,
            "training_l0": figures.l0,
            "dead_share": figures.dead,
            "folded_sizes": {site: float(self.scales[site].size) for site in self.layout.sites},
        }
        return self.coder.fold(
            [self.scales[site] for site in self.layout.reads],
            [self.scales[site] for site in self.layout.writes],
            skip_first=self.run.skip_first,
            skip_special=self.run.skip_special,
            model=model,
            name=self.recipe.name,
            info=about | self._held_out() | (info or {}),
        )

    def _held_out(self) -> dict:
        """The share of documents that were kept out, so that nobody evaluates on more."""
        return {"held_out": self.run.held_out} if self.run.corpus else {}

    # -- checkpoints ---------------------------------------------------------------------------

    def state(self) -> dict[str, Tensor]:
        """Everything that changes, by name: the tensors themselves, to be saved or filled."""
        state: dict[str, Tensor] = {"averages": self.averages}
        for i, silent in enumerate(self.silent):
            state[f"silent.{i}"] = self.mesh.sharded(silent)
        for name, tensor in self.coder.state_dict().items():
            state[f"coder.{name}"] = self._whole(name, tensor)
        for name, parameter in self.coder.named_parameters():
            for part, tensor in self.optimiser.state[parameter].items():
                whole = tensor if part == "step" else self._whole(name, tensor)
                state[f"optimiser.{part}.{name}"] = whole
        return state

    def _whole(self, name: str, tensor: Tensor) -> Tensor:
        """Features are split over processes; what belongs to sites is the same on all."""
        return tensor if self.coder.is_shared(name) else self.mesh.sharded(tensor)

    def check_finite(self, step: int) -> None:
        """Refuse parameters that are not finite.

        Raises:
            MicrotomeError: names the dictionary and the site.
        """
        sites = [self.layout.reads[sources[0]] for sources in self.layout.sources]
        for weights in (self.coder.encoders, self.coder.decoders):
            for site, weight in zip(sites, weights, strict=True):
                if not bool(weight.isfinite().all()):
                    raise MicrotomeError(
                        f"dictionary {self.recipe.name!r}: weights of the encoder of {site} are "
                        f"not finite after step {step}; start a new run with a learning_rate below "
                        f"{self.recipe.learning_rate:g} (the last checkpoint was not replaced)"
                    )


def schedule(run: Recipe, step: int) -> float:
    """Share of the learning rate: a linear rise, a plateau, a linear fall to zero."""
    falling = max(run.decay * run.steps, 1)
    return min((step + 1) / max(run.warmup, 1), (run.steps - step) / falling, 1.0)


def _width(recipe: DictionaryRecipe, sites: tuple[str, ...], scales: dict[str, Scale]) -> int:
    """Width of all the sites on one side of a dictionary."""
    widths = {site: len(scales[site].mean) for site in sites}
    first = widths[sites[0]]
    for site, width in widths.items():
        if width != first:
            raise MicrotomeError(
                f"dictionary {recipe.name!r}: {site} has width {width} and {sites[0]} {first}; the "
                f"sites of one dictionary need one width"
            )
    return first
