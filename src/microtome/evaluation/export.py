"""An evaluation as JSON: our own shape in full, and SAEBench's for one site."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from microtome.evaluation.probing import KS, ProbeResult
from microtome.evaluation.result import Evaluation, SiteResult


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """Everything that was measured; an undefined figure is absent, never NaN or -1."""
    out = _plain(asdict(evaluation))
    assert isinstance(out, dict)
    for baseline, found in zip(out["baselines"], evaluation.baselines, strict=True):
        baseline["beaten"] = found.beaten
    return {"verdict": evaluation.verdict, **out}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return _plain(asdict(value)) if is_dataclass(value) and not isinstance(value, type) else value


def to_saebench(evaluation: Evaluation, site: int = 0) -> dict[str, Any]:
    """The figures of one written site in the shape of SAEBench's core evaluation output.

    Only what was measured is there; SAEBench's remaining fields (encoder cosines, per-feature
    details) are left out. Figures follow our definitions, so `explained_variance` is centred.

    Args:
        evaluation: to export.
        site: index of the written site.
    """
    found, density = evaluation.sites[site], evaluation.densities[_encoder(evaluation, site)]
    return _envelope(
        evaluation,
        "core",
        {
            "model_behavior_preservation": _section(
                found,
                kl_div_score="kl_recovered",
                kl_div_with_ablation="kl_zero",
                kl_div_with_sae="kl_spliced",
            ),
            "model_performance_preservation": _section(
                found,
                ce_loss_score="ce_recovered",
                ce_loss_with_ablation="ce_zero",
                ce_loss_with_sae="ce_spliced",
                ce_loss_without_sae="ce_clean",
            ),
            "reconstruction_quality": _section(
                found, explained_variance="explained_variance", mse="mse", cossim="cosine"
            ),
            "shrinkage": _section(
                found,
                l2_norm_in="l2_norm_in",
                l2_norm_out="l2_norm_out",
                l2_ratio="l2_ratio",
                relative_reconstruction_bias="relative_bias",
            ),
            "sparsity": _section(found, l0="l0", l1="l1"),
            "token_stats": {
                "total_tokens_eval_reconstruction": evaluation.tokens,
                "total_tokens_eval_sparsity_variance": evaluation.tokens,
            },
            "misc_metrics": {
                "freq_over_1_percent": density.over_1_percent,
                "freq_over_10_percent": density.dense / density.features,
                "normalized_freq_over_1_percent": density.firing_over_1_percent,
                "normalized_freq_over_10_percent": density.firing_over_10_percent,
                "frac_alive": 1 - density.dead / density.features,
            },
        },
        found.site,
    )


def probes_to_saebench(evaluation: Evaluation, site: str) -> dict[str, Any]:
    """The probes of one read site in the shape of SAEBench's sparse probing output."""
    probes = [probe for probe in evaluation.probes if probe.site == site]
    details = [{"dataset_name": probe.task, **_accuracies(probe)} for probe in probes]
    names = details[0].keys() - {"dataset_name"} if details else ()
    means = {n: sum(float(d[n]) for d in details) / len(details) for n in sorted(names)}
    metrics = {
        "llm": {name: value for name, value in means.items() if name.startswith("llm")},
        "sae": {name: value for name, value in means.items() if name.startswith("sae")},
    }
    return _envelope(evaluation, "sparse_probing", metrics, site) | {"eval_result_details": details}


def _accuracies(probe: ProbeResult) -> dict[str, float]:
    out = {"llm_test_accuracy": probe.activation.value}
    for k in KS:
        if k in probe.dimensions:
            out[f"llm_top_{k}_test_accuracy"] = probe.dimensions[k].value
        if k in probe.features:
            out[f"sae_top_{k}_test_accuracy"] = probe.features[k].value
    return out


def _encoder(evaluation: Evaluation, site: int) -> int:
    """The encoder of a written site's own layer."""
    return min(site, len(evaluation.densities) - 1)


def _section(found: SiteResult, **names: str) -> dict[str, float]:
    return {
        theirs: found.figures[ours].value for theirs, ours in names.items() if ours in found.figures
    }


def _envelope(
    evaluation: Evaluation, kind: str, metrics: dict[str, Any], site: str
) -> dict[str, Any]:
    return {
        "eval_type_id": kind,
        "eval_config": {
            "model_name": evaluation.model,
            "tokens": evaluation.tokens,
            "documents": evaluation.documents,
            **{f"exclude_{name.removeprefix('skip_')}": v for name, v in evaluation.policy.items()},
        },
        "eval_id": str(uuid.uuid4()),
        "datetime_epoch_millis": int(time.time() * 1000),
        "eval_result_metrics": metrics,
        "eval_result_details": [],
        "sae_bench_commit_hash": "measured by microtome",
        "sae_lens_id": f"{evaluation.dictionary} {site}",
        "sae_lens_release_id": evaluation.fingerprint,
        "sae_lens_version": None,
        "sae_cfg_dict": {"kind": evaluation.kind, "site": site},
    }
