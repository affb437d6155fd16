"""Measuring one block: everything about a dictionary that adds up over tokens."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from microtome.data.policy import TokenPolicy
from microtome.dictionary import Codes, Dictionary
from microtome.evaluation.baselines import Reconstruction, Reconstructor
from microtome.evaluation.density import Firing
from microtome.evaluation.fit import Fit
from microtome.evaluation.per_feature import FeatureSums
from microtome.evaluation.per_token import PerTokenSums, per_token_sums
from microtome.evaluation.reconstruction import SiteMeans, exact, reconstruction_columns
from microtome.evaluation.replacement import replacement_losses
from microtome.evaluation.splice import BlockRun, Losses, target_mask
from microtome.evaluation.sums import DocumentSums


@dataclass(frozen=True)
class Wanted:
    """What to measure besides reconstruction, density and error by token."""

    splice: bool = True
    """Next-token loss with each written site spliced: three more passes a site."""
    replacement: bool = True
    """The whole replacement model of a PLT or CLT, attention live and frozen: three passes."""
    per_feature: bool = True
    """Losses on every feature's tokens; needs `splice`."""


@dataclass(frozen=True)
class Measurement:
    """One dictionary on some blocks; measurements of disjoint blocks add up, so that blocks may
    be spread over processes."""

    sites: tuple[DocumentSums, ...]
    """By written site."""
    firing: tuple[Firing, ...] = ()
    """By encoder."""
    tokens: tuple[PerTokenSums, ...] = ()
    """By written site."""
    features: tuple[FeatureSums, ...] = ()
    """By encoder, at the first site that it writes; empty where not asked for."""
    replacement: Mapping[str, DocumentSums] = field(default_factory=dict)
    """By "live" and "frozen" attention; empty where there is none."""

    @staticmethod
    def merged(parts: Iterable["Measurement"]) -> "Measurement":
        parts = list(parts)

        def each(name: str, merge) -> tuple:
            columns = zip(*(getattr(part, name) for part in parts), strict=True)
            return tuple(merge(column) for column in columns)

        return Measurement(
            sites=each("sites", DocumentSums.merged),
            firing=each("firing", Firing.merged),
            tokens=each("tokens", PerTokenSums.merged),
            features=each("features", FeatureSums.merged),
            replacement={
                name: DocumentSums.merged(part.replacement[name] for part in parts)
                for name in parts[0].replacement
            },
        )


@dataclass(frozen=True)
class OfDictionary:
    """A dictionary as a `Reconstructor`."""

    dictionary: Dictionary

    @property
    def reads(self) -> tuple[str, ...]:
        return self.dictionary.reads

    @property
    def writes(self) -> tuple[str, ...]:
        return self.dictionary.writes

    def reconstruct(self, inputs: Sequence[Tensor]) -> Reconstruction:
        return decode(self.dictionary, inputs, self.dictionary.encode(inputs))


def decode(
    dictionary: Dictionary, inputs: Sequence[Tensor], codes: Sequence[Codes]
) -> Reconstruction:
    """Outputs, and how many features write to each site on each token, how strongly."""
    counts = [code.offsets.diff() for code in codes]
    sizes = []
    for code in codes:
        values = exact(code.values.abs())
        rows = code.rows().to(values.device)
        sizes.append(values.new_zeros(code.n_rows).index_add_(0, rows, values))
    active, activation = [], []
    for j in range(len(dictionary.writes)):
        writers = [e for e, decoder in enumerate(dictionary.decoders) if j in decoder.targets]
        active.append(torch.stack([counts[e] for e in writers]).sum(0))
        activation.append(torch.stack([sizes[e] for e in writers]).sum(0))
    return Reconstruction(dictionary.reconstruct(inputs, codes), active, activation)


@dataclass(frozen=True)
class _Counted:
    """A block's run, seen through one token policy."""

    block: BlockRun
    policy: TokenPolicy
    counts: Bool[Tensor, "batch position"]
    targets: Bool[Tensor, "batch predictions"]
    means: SiteMeans

    def columns(self, tokens: Mapping[str, Tensor], predictions: Mapping[str, Tensor]) -> dict:
        """Columns of tokens and of predictions, both on all positions, 0 where none counts."""
        grids = {}
        for name, column in tokens.items():
            grid = torch.zeros(self.counts.shape, dtype=torch.float64)
            grid[self.counts.cpu()] = column.to("cpu", torch.float64)
            grids[name] = grid.flatten()
        for name, column in predictions.items():
            grid = torch.zeros(self.counts.shape, dtype=torch.float64)
            # a prediction stands where its target stands
            grid[:, 1:] = torch.where(self.targets.cpu(), column.to("cpu", torch.float64), 0)
            grids[name] = grid.flatten()
        return grids

    def spliced(self, site: str, rows: Float[Tensor, "tokens d"]) -> Losses:
        full = self.block.activation(site).clone()
        full[self.counts] = rows.to(full.dtype)
        return self.block.spliced(site, full, self.counts)

    def ablated(self, site: str, name: str) -> Losses:
        value = self.means.mean(site)
        value = torch.zeros_like(value) if name == "zero" else value
        key = (name, self.policy)
        return self.block.ablated(site, value, self.counts, key)


def counted(block: BlockRun, policy: TokenPolicy, means: SiteMeans) -> _Counted:
    """A block's run with the masks of one policy."""
    counts = policy.counts(block.model, block.tokens)
    targets = target_mask(counts, block.documents.to(counts.device))
    return _Counted(block, policy, counts, targets, means)


def measure_baseline(
    view: _Counted, baseline: Reconstructor, splice: bool
) -> tuple[DocumentSums, ...]:
    """Sums by written site of something that is no dictionary, or not this one."""
    inputs = [view.block.rows(read, view.counts) for read in baseline.reads]
    made = baseline.reconstruct(inputs)
    return tuple(
        _site_sums(view, site, made, j, splice)[0] for j, site in enumerate(baseline.writes)
    )


@torch.no_grad()
def measure(
    view: _Counted, dictionary: Dictionary, wanted: Wanted, fit: Fit | None = None
) -> Measurement:
    """One block's share of every figure of a dictionary.

    Args:
        view: the block's run.
        dictionary: on the run's device.
        wanted: what to measure.
        fit: linear maps for the losses by feature; without it these have no linear stand-in.
    """
    block, counts = view.block, view.counts
    inputs = [block.rows(read, counts) for read in dictionary.reads]
    codes = dictionary.encode(inputs)
    made = decode(dictionary, inputs, codes)
    sites, tokens, losses = [], [], []
    for j, site in enumerate(dictionary.writes):
        sums, error, spliced = _site_sums(view, site, made, j, wanted.splice)
        sites.append(sums)
        losses.append(spliced)
        tokens.append(
            per_token_sums(
                block.tokens, block.documents, counts, error, made.active[j], block.model.d_vocab
            )
        )
    features = ()
    if wanted.per_feature and wanted.splice:
        features = tuple(
            _feature_sums(view, dictionary, e, codes[e], made, losses, fit)
            for e in range(len(codes))
        )
    replacement = {}
    if wanted.replacement and dictionary.kind in ("plt", "clt"):
        replacement = {
            name: _replacement_sums(view, dictionary, name == "frozen")
            for name in ("live", "frozen")
        }
    firing = tuple(Firing.of(code) for code in codes)
    return Measurement(tuple(sites), firing, tuple(tokens), features, replacement)


def _site_sums(
    view: _Counted, site: str, made: Reconstruction, j: int, splice: bool
) -> tuple[DocumentSums, Tensor, Losses | None]:
    """Sums at one written site, every token's squared error, losses when it is spliced."""
    x = view.block.rows(site, view.counts)
    columns = reconstruction_columns(
        x, made.outputs[j], view.means.mean(site), made.active[j], made.activation[j]
    )
    error, spliced, predictions = columns["error"], None, {}
    if splice:
        spliced = view.spliced(site, made.outputs[j])
        predictions = {
            "predictions": torch.ones_like(spliced.ce),
            "ce_clean": view.block.clean_losses(site).ce,
            "same": spliced.same,
            **spliced.columns("spliced"),
            **view.ablated(site, "zero").columns("zero"),
            **view.ablated(site, "mean").columns("mean"),
        }
    documents = view.block.documents.flatten()
    return DocumentSums.of(documents, view.columns(columns, predictions), site), error, spliced


def _feature_sums(
    view: _Counted,
    dictionary: Dictionary,
    e: int,
    codes: Codes,
    made: Reconstruction,
    losses: Sequence[Losses | None],
    fit: Fit | None,
) -> FeatureSums:
    """Losses of the three stand-ins on the tokens of one encoder's features."""
    j = dictionary.decoders[e].targets[0]
    site = dictionary.writes[j]
    x = view.block.rows(site, view.counts)
    spliced = losses[j]
    assert spliced is not None, "losses by feature need the splice"
    stand_ins = {
        "dictionary": (made.outputs[j], spliced),
        "ablated": (torch.zeros_like(x), view.ablated(site, "zero")),
    }
    if fit is not None and fit.reads[j] != site:
        moments = fit.moments[j]
        read = exact(view.block.rows(fit.reads[j], view.counts))
        linear = moments.linear_map().to(read.device)
        y = (read - moments.mean_x.to(read.device)) @ linear + moments.mean_y.to(read.device)
        y = y.to(x.device, x.dtype)
        stand_ins["linear"] = (y, view.spliced(site, y))
    columns = {}
    for name, (y, loss) in stand_ins.items():
        columns[f"error_{name}"] = (exact(y) - exact(x)).square().sum(-1)
        columns[f"ce_{name}"] = _at_source(view, loss.ce - view.block.clean_losses(site).ce)
    if "linear" in stand_ins:
        columns["gain"] = columns["ce_linear"] - columns["ce_dictionary"]
    documents = view.block.documents[view.counts.cpu()]
    keep = _at_source(view, view.targets) > 0
    return FeatureSums.of(codes, documents, columns, keep)


def _at_source(view: _Counted, predictions: Tensor) -> Float[Tensor, " tokens"]:
    """A quantity of predictions at the token that predicts; 0 at a row's last token."""
    grid = torch.zeros(view.counts.shape, dtype=torch.float64)
    grid[:, :-1] = predictions.to("cpu", torch.float64)
    return grid[view.counts.cpu()]


def _replacement_sums(view: _Counted, dictionary: Dictionary, frozen: bool) -> DocumentSums:
    losses = replacement_losses(view.block, dictionary, view.counts, frozen)
    predictions = {
        "predictions": torch.ones_like(losses.ce),
        "ce": losses.ce,
        "kl": losses.kl,
        "same": losses.same,
        "ce_clean": view.block.clean_losses(dictionary.writes[0]).ce,
    }
    documents = view.block.documents.flatten()
    return DocumentSums.of(documents, view.columns({}, predictions))
