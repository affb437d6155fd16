"""Splicing: what the model's predictions lose when a site holds something else."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.errors import MicrotomeError
from microtome.evaluation.bootstrap import Statistic, ratio
from microtome.evaluation.models import Models
from microtome.model import LanguageModel, Site
from microtome.model.frozen import wide
from microtome.model.hooks import Edit


def recovered(change: str, ablated: str) -> Statistic:
    """(ablated - spliced) / (ablated - clean): 1 is the model's own loss, 0 the ablation's."""
    return lambda s: (s[f"ce_{ablated}"] - s[f"ce_{change}"]) / (s[f"ce_{ablated}"] - s["ce_clean"])


def kl_recovered(change: str, ablated: str) -> Statistic:
    """The same with KL(clean || changed), whose value for the clean model is 0."""
    return lambda s: 1 - s[f"kl_{change}"] / s[f"kl_{ablated}"]


SPLICE: dict[str, Statistic] = {
    "ce_recovered": recovered("spliced", "zero"),
    "ce_recovered_mean": recovered("spliced", "mean"),
    "kl_recovered": kl_recovered("spliced", "zero"),
    "kl_recovered_mean": kl_recovered("spliced", "mean"),
    "top1": ratio("same", "predictions"),
    "ce_clean": ratio("ce_clean", "predictions"),
    "ce_spliced": ratio("ce_spliced", "predictions"),
    "ce_zero": ratio("ce_zero", "predictions"),
    "ce_mean": ratio("ce_mean", "predictions"),
    "kl_spliced": ratio("kl_spliced", "predictions"),
    "kl_zero": ratio("kl_zero", "predictions"),
    "kl_mean": ratio("kl_mean", "predictions"),
}
"""Figures of one written site spliced alone; losses in nats per prediction.

`ce_recovered` and `kl_recovered` are against zero-ablation, the `_mean` ones against
mean-ablation; `top1` is the share of predictions whose most likely token is unchanged.
"""


@dataclass(frozen=True)
class Losses:
    """Of every prediction of some rows: position p predicts the token at p + 1."""

    ce: Float[Tensor, "batch predictions"]
    """Next-token loss, nats."""
    kl: Float[Tensor, "batch predictions"]
    """KL(clean || changed), nats."""
    same: Bool[Tensor, "batch predictions"]
    """Whether the most likely token is the clean run's."""

    def columns(self, name: str) -> dict[str, Tensor]:
        return {f"ce_{name}": self.ce, f"kl_{name}": self.kl}


def prediction_losses(
    logits: Float[Tensor, "batch position vocabulary"],
    tokens: Int[Tensor, "batch position"],
    clean: Float[Tensor, "batch predictions vocabulary"],
) -> Losses:
    """Losses of some logits beside the clean run's log-probabilities.

    The last position predicts nothing that is known, so a row of p tokens has p - 1 predictions.
    """
    changed = log_probabilities(logits)
    ce = -changed.gather(-1, tokens[:, 1:, None])[..., 0]
    terms = clean.exp() * (clean - changed)
    # a token that the model cannot say at all (a padded vocabulary) adds 0, not 0 x infinity
    kl = torch.where(clean == -torch.inf, 0, terms).sum(-1)
    if not bool(torch.isfinite(kl).all() & torch.isfinite(ce).all()):
        raise MicrotomeError(
            f"the loss is not finite on {int((~torch.isfinite(kl + ce)).sum())} of {kl.numel()} "
            f"predictions; check what was spliced in, or load the model in float32"
        )
    return Losses(ce, kl, changed.argmax(-1) == clean.argmax(-1))


def log_probabilities(
    logits: Float[Tensor, "batch position vocabulary"],
) -> Float[Tensor, "batch predictions vocabulary"]:
    """By log_softmax, never the log of a softmax, whose small probabilities are 0."""
    return wide(logits[:, :-1]).log_softmax(-1)


def target_mask(
    counts: Bool[Tensor, "batch position"], documents: Int[Tensor, "batch position"]
) -> Bool[Tensor, "batch predictions"]:
    """Which predictions count: those whose TARGET counts and is of the same document."""
    return counts[:, 1:] & (documents[:, 1:] == documents[:, :-1])


class BlockRun:
    """The clean run of some rows, and repeats of it with a site changed.

    Ablations are kept, so that several dictionaries of one site share them. With two models, the
    predictions of a changed site are those of the model that has it.
    """

    def __init__(
        self,
        models: Models,
        tokens: Int[Tensor, "batch position"],
        documents: Int[Tensor, "batch position"],
        sites: Sequence[str],
    ):
        self.models = models
        self.model = models.model
        self.tokens = tokens.to(models.device)
        self.documents = documents
        self._activations: dict[str, Tensor] = {}
        self._clean: dict[int, tuple[Tensor, Losses]] = {}
        self._ablated: dict[tuple, Losses] = {}
        by_model: dict[int, list[str]] = {}
        for name in dict.fromkeys(sites):
            by_model.setdefault(id(models.owner(name)[0]), []).append(name)
        for names in by_model.values():
            self._run(names)

    def _run(self, names: Sequence[str]) -> None:
        """The clean run of the model that has these sites."""
        sites = {name: self.models.owner(name)[1] for name in names}
        model = self.models.owner(names[0])[0]
        run = model.run(self.tokens.to(model.device), list(sites.values()))
        for name, site in sites.items():
            self._activations[name] = wide(run[site].flatten(2)).to(self.tokens.device)
        clean = log_probabilities(run.logits)
        tokens = self.tokens.to(model.device)
        self._clean[id(model)] = (clean, prediction_losses(run.logits, tokens, clean))

    def clean(self, model: LanguageModel) -> Float[Tensor, "batch predictions vocabulary"]:
        """Log-probabilities of the clean run."""
        return self._clean[id(model)][0]

    def clean_losses(self, site: str) -> Losses:
        """Of the model that has a site."""
        return self._clean[id(self.models.owner(site)[0])][1]

    def activation(self, site: str) -> Float[Tensor, "batch position d"]:
        """What the clean run had at a site; heads side by side."""
        return self._activations[site]

    def rows(self, site: str, counts: Bool[Tensor, "batch position"]) -> Float[Tensor, "tokens d"]:
        """The same, of the tokens that count."""
        return self.activation(site)[counts]

    def spliced(
        self,
        site: str,
        replacement: Float[Tensor, "batch position d"],
        counts: Bool[Tensor, "batch position"],
    ) -> Losses:
        """Losses with a site's activation replaced at the tokens that count."""
        model, place = self.models.owner(site)
        device = model.device
        edits = splice_edits(
            place, replacement.to(device), self.activation(site).to(device), counts.to(device)
        )
        tokens = self.tokens.to(device)
        return prediction_losses(model.run(tokens, edit=edits).logits, tokens, self.clean(model))

    def ablated(
        self,
        site: str,
        value: Float[Tensor, " d"],
        counts: Bool[Tensor, "batch position"],
        key: tuple,
    ) -> Losses:
        """Losses with one vector at a site wherever tokens count; computed once for each key."""
        if (site, *key) not in self._ablated:
            x = self.activation(site)
            replacement = value.to(x.device, x.dtype).expand_as(x)
            self._ablated[(site, *key)] = self.spliced(site, replacement, counts)
        return self._ablated[(site, *key)]


def splice_edits(
    site: Site,
    replacement: Float[Tensor, "batch position d"],
    clean: Float[Tensor, "batch position d"],
    counts: Bool[Tensor, "batch position"],
) -> dict[Site, Edit]:
    """Edits that put a replacement at a site, at the tokens that count.

    The stream between attention and MLP is computed beside the sites that can be edited; there
    the same is reached by changing what attention adds to it.

    Raises:
        MicrotomeError: nothing that is put at this site would reach the model.
    """
    keep = counts[..., None]
    if site.kind == "mlp.normalized":
        raise MicrotomeError(
            f"site {site} can be read but not spliced; use a dictionary that writes mlp.in or "
            f"mlp.out, or evaluate without splicing"
        )
    if site.kind == "resid.mid":
        change = torch.where(keep, replacement - clean, 0)
        return {Site("attn.out", site.layer): lambda x: x + change.to(x.dtype)}
    return {site: lambda x: torch.where(keep, replacement.to(x.dtype), x)}
