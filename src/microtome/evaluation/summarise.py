"""From sums to an `Evaluation`: figures, intervals, verdicts."""

from collections.abc import Mapping, Sequence

from microtome.dictionary import Dictionary
from microtome.evaluation.baselines import BASELINES
from microtome.evaluation.bootstrap import Bootstrap, Estimate, Statistic, mean_estimate
from microtome.evaluation.density import summarise_density
from microtome.evaluation.measure import Measurement
from microtome.evaluation.per_feature import PerFeature, summarise_features
from microtome.evaluation.per_token import summarise_tokens
from microtome.evaluation.reconstruction import RECONSTRUCTION
from microtome.evaluation.replacement import REPLACEMENT
from microtome.evaluation.result import BaselineResult, Evaluation, Figures, SiteResult
from microtome.evaluation.splice import SPLICE
from microtome.evaluation.sums import DocumentSums
from microtome.evaluation.verdict import compare_sums
from microtome.model import LanguageModel


def summarise(
    model: LanguageModel,
    dictionary: Dictionary,
    measured: Measurement,
    baselines: Mapping[str, tuple[DocumentSums, ...]],
    draws: int = 1000,
    seed: int = 0,
    notes: tuple[str, ...] = (),
) -> Evaluation:
    """Every figure of a whole run, with intervals.

    Args:
        model: that was measured on.
        dictionary: that was measured.
        measured: merged over all blocks.
        baselines: sums by written site, by name.
        draws: bootstrap samples.
        seed: of the bootstrap.
        notes: what the reader should know besides.
    """
    sites, means = site_results(dictionary.writes, measured.sites, draws, seed)
    variances = [_variance(sums) for sums in measured.sites]
    first = measured.sites[0]
    return Evaluation(
        dictionary=dictionary.name,
        kind=dictionary.kind,
        fingerprint=dictionary.fingerprint,
        model=model.name,
        model_fingerprint=model.fingerprint,
        tokens=int(first.total()["tokens"]),
        documents=int((first.values[:, first.names.index("tokens")] > 0).sum()),
        policy={"skip_first": dictionary.skip_first, "skip_special": dictionary.skip_special},
        sites=sites,
        means=means,
        densities=tuple(
            summarise_density("+".join(dictionary.reads[i] for i in sources), firing)
            for sources, firing in zip(dictionary.sources, measured.firing, strict=True)
        ),
        per_token=tuple(
            summarise_tokens(model, site, sums, variance)
            for site, sums, variance in zip(
                dictionary.writes, measured.tokens, variances, strict=True
            )
        ),
        per_feature=_per_feature(dictionary, measured, variances),
        replacement={
            name: _figures(REPLACEMENT, sums, draws, seed, "predictions")
            for name, sums in measured.replacement.items()
        },
        baselines=tuple(
            _baseline(name, dictionary, measured.sites, sums, draws, seed)
            for name, sums in ((n, baselines[n]) for n in BASELINES if n in baselines)
        ),
        notes=notes,
    )


def _variance(sums: DocumentSums) -> float:
    """Mean of ||x - mean(x)||^2 over tokens; 1 where nothing varies."""
    total = sums.total()
    return float(total["variance"] / total["tokens"]) or 1.0


def site_results(
    writes: Sequence[str], sums: Sequence[DocumentSums], draws: int, seed: int
) -> tuple[tuple[SiteResult, ...], Figures]:
    """Figures by site, and their means over sites."""
    by_site = [_estimates(one, draws, seed) for one in sums]
    results = tuple(
        SiteResult(site, {name: e.figure() for name, e in found.items() if e is not None})
        for site, found in zip(writes, by_site, strict=True)
    )
    means = {name: mean_estimate([found[name] for found in by_site]) for name in by_site[0]}
    return results, {name: e.figure() for name, e in means.items() if e is not None}


def _estimates(sums: DocumentSums, draws: int, seed: int) -> dict[str, Estimate | None]:
    bootstrap = Bootstrap(sums, draws, seed)
    found = {name: bootstrap.estimate(s) for name, s in RECONSTRUCTION.items()}
    if "ce_spliced" in sums.names:
        found |= {name: bootstrap.estimate(s, "predictions") for name, s in SPLICE.items()}
        total = bootstrap.total
        for ablated, name in (("zero", "ce_recovered"), ("mean", "ce_recovered_mean")):
            if total[f"ce_{ablated}"] <= total["ce_clean"]:
                found[name] = None  # ablating costs nothing here, so there is nothing to recover
    return found


def _figures(
    statistics: Mapping[str, Statistic], sums: DocumentSums, draws: int, seed: int, n: str
) -> Figures:
    bootstrap = Bootstrap(sums, draws, seed)
    found = {name: bootstrap.estimate(s, n) for name, s in statistics.items()}
    return {name: e.figure() for name, e in found.items() if e is not None}


def _per_feature(
    dictionary: Dictionary, measured: Measurement, variances: Sequence[float]
) -> tuple[PerFeature, ...]:
    found = []
    for e, sums in enumerate(measured.features):
        j = dictionary.decoders[e].targets[0]
        found.append(summarise_features(dictionary.writes[j], e, sums, variances[j]))
    return tuple(found)


def _baseline(
    name: str,
    dictionary: Dictionary,
    ours: Sequence[DocumentSums],
    theirs: Sequence[DocumentSums],
    draws: int,
    seed: int,
) -> BaselineResult:
    sites, means = site_results(dictionary.writes, theirs, draws, seed)
    versus = tuple(
        compare_sums(site, a, b, draws, seed)
        for site, a, b in zip(dictionary.writes, ours, theirs, strict=True)
    )
    return BaselineResult(name, BASELINES[name], sites, means, versus)
