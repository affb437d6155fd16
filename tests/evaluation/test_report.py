"""What is printed and written says what was measured, and nothing else."""

import json
import math
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from microtome.artifact import read_manifest
from microtome.errors import MicrotomeError
from microtome.evaluation import Evaluation, evaluate, save_evaluations
from microtome.evaluation.bootstrap import Figure
from microtome.evaluation.export import probes_to_saebench, to_json, to_saebench
from microtome.evaluation.page import page
from microtome.evaluation.plots import plots
from microtome.evaluation.show import number, show
from microtome.specimen.adder.tokenizer import build_tokenizer
from tests.circuit.dictionaries import tiny_dictionary
from tests.evaluation.cases import FAST, blocks, random_sae
from tests.model.families import tiny_model

ALL = replace(FAST, baselines=True)


@pytest.fixture(scope="module")
def found() -> list[Evaluation]:
    model = tiny_model("llama")
    model.tokenizer = build_tokenizer()
    labelled = [(f"{i % 10} + {i % 7} =", i % 2 == 0) for i in range(40)]
    return evaluate(
        model,
        [tiny_dictionary(model, "clt", seed=seed) for seed in (1, 2)],
        blocks(),
        blocks(6, 12, 10, seed=7),
        replace(ALL, labelled={"even": labelled}),
    )


def test_json_has_everything_and_no_nan(found: list[Evaluation]):
    text = json.dumps([to_json(e) for e in found], allow_nan=False)
    read = json.loads(text)[0]
    assert read["verdict"] == found[0].verdict
    fvu = found[0].sites[0].figures["fvu"]
    assert read["sites"][0]["figures"]["fvu"] == {
        "value": fvu.value,
        "n": fvu.n,
        "low": fvu.low,
        "high": fvu.high,
    }
    assert [b["name"] for b in read["baselines"]] == [b.name for b in found[0].baselines]
    assert read["baselines"][0]["beaten"] is found[0].baselines[0].beaten
    assert len(read["densities"][0]["density"]) == 32


def test_every_mean_over_tokens_has_its_count_and_interval(found: list[Evaluation]):
    for e in found:
        for figures in (*(s.figures for s in e.sites), e.means, *e.replacement.values()):
            for name, figure in figures.items():
                assert figure.n == e.tokens, name
                assert figure.low is not None and figure.high is not None, name
                assert figure.low <= figure.high, name


SAEBENCH = {
    "model_behavior_preservation": {"kl_div_score", "kl_div_with_ablation", "kl_div_with_sae"},
    "model_performance_preservation": {
        "ce_loss_score",
        "ce_loss_with_ablation",
        "ce_loss_with_sae",
        "ce_loss_without_sae",
    },
    "reconstruction_quality": {"explained_variance", "mse", "cossim"},
    "shrinkage": {"l2_norm_in", "l2_norm_out", "l2_ratio", "relative_reconstruction_bias"},
    "sparsity": {"l0", "l1"},
    "token_stats": {"total_tokens_eval_reconstruction", "total_tokens_eval_sparsity_variance"},
    "misc_metrics": {
        "freq_over_1_percent",
        "freq_over_10_percent",
        "normalized_freq_over_1_percent",
        "normalized_freq_over_10_percent",
        "frac_alive",
    },
}
"""Names in SAEBench's core evaluation output."""


def test_the_saebench_export_has_its_names(found: list[Evaluation]):
    written = to_saebench(found[0], 1)
    metrics = written["eval_result_metrics"]
    assert metrics.keys() == SAEBENCH.keys()
    figures = found[0].sites[1].figures
    for section, names in SAEBENCH.items():
        missing = names - metrics[section].keys()
        assert missing <= {"ce_loss_score"}, section  # undefined where ablating costs nothing
        assert metrics[section].keys() <= names
    assert metrics["reconstruction_quality"]["explained_variance"] == pytest.approx(
        1 - figures["fvu"].value
    )
    assert written["eval_type_id"] == "core"
    assert 1.6e12 < written["datetime_epoch_millis"] < 1e13
    assert written["eval_config"]["exclude_first"] is True
    probes = probes_to_saebench(found[0], "blocks.1.mlp.in")
    assert [d["dataset_name"] for d in probes["eval_result_details"]] == ["even"]
    assert "sae_top_5_test_accuracy" in probes["eval_result_metrics"]["sae"]
    assert "llm_test_accuracy" in probes["eval_result_metrics"]["llm"]


def test_the_table_fits_100_columns(found: list[Evaluation]):
    out = StringIO()
    show(found, Console(file=out, width=100, color_system=None))
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= 100
    for words in (
        "tiny clt (clt) on llama",
        "162 held-out tokens of 18 documents; position 0 left out",
        "blocks.2.mlp.out",
        "random decoder",
        "frozen",
        "NOT clearly beat",
        "Twins in tiny clt",
        "even",
    ):
        assert words in " ".join(text.split()), words
    assert "nan" not in text
    assert "…" not in text.split("Sparse probes")[0]


def test_figures_say_how_sure_they_are():
    assert number(Figure(0.25, 9, 0.24, 0.27)) == "0.250 ±.020"
    assert number(Figure(0.25, 9)) == "0.250"
    assert number(None) == "-"


def test_plots_are_pictures(found: list[Evaluation]):
    drawn = plots(found[0])
    assert {"fvu", "density", "error_by_l0", "error_by_position", "per_feature"} <= drawn.keys()
    for image in drawn.values():
        assert image.startswith(b"\x89PNG")
        assert len(image) > 5000


def test_the_page_needs_nothing_else_and_escapes_text(found: list[Evaluation]):
    hostile = replace(found[0], dictionary="<script>alert(1)</script>", notes=("a & b < c",))
    html = page([hostile, found[1]], [plots(e) for e in (hostile, found[1])])
    assert "<script" not in html
    assert set(re.findall(r"&lt;(\w+)", html)) <= {"script", "c"}  # no tag of ours is escaped
    assert "a &amp; b &lt; c" in html
    assert not re.search(r'(src|href)="(?!data:)', html)
    assert "http" not in re.sub(r"data:image/png;base64,[^\"]*", "", html)
    for tag in ("section", "table", "tr", "td", "div", "details", "p", "h3"):
        assert len(re.findall(f"<{tag}[ >]", html)) == html.count(f"</{tag}>"), tag


def test_an_evaluation_is_an_artifact(found: list[Evaluation], tmp_path: Path):
    out = tmp_path / "report"
    save_evaluations(found, out, {"corpus": "c"})
    manifest = read_manifest(out, "evaluation")
    assert manifest.config == {"corpus": "c"}
    assert manifest.inputs["dictionary_1"] == found[1].fingerprint
    assert {"evaluation.json", "report.html", "plots/0-fvu.png"} <= manifest.files.keys()
    assert "saebench/1-blocks.2.mlp.out-core.json" in manifest.files
    assert "saebench/0-blocks.1.mlp.in-sparse_probing.json" in manifest.files
    with pytest.raises(MicrotomeError, match="--force"):
        save_evaluations(found, out)
    save_evaluations(found[:1], out, force=True)
    assert len(json.loads((out / "evaluation.json").read_text())) == 1


def test_a_bare_evaluation_prints_and_writes(tmp_path: Path):
    from tests.evaluation.cases import BARE

    bare = evaluate(tiny_model("llama"), [random_sae()], blocks(1, 1), options=BARE)
    out = StringIO()
    show(bare, Console(file=out, width=100, color_system=None))
    assert "No baseline was measured" in out.getvalue()
    assert "CE" not in "".join(bare[0].sites[0].figures)
    save_evaluations(bare, tmp_path / "bare")
    assert all(math.isfinite(f.value) for f in bare[0].sites[0].figures.values())
