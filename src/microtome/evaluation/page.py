"""One self-contained HTML page of evaluations: tables, plots, verdicts; no script, no network."""

from collections.abc import Mapping, Sequence
from html import escape

from microtome.evaluation.bootstrap import Figure
from microtome.evaluation.result import Evaluation, Figures
from microtome.evaluation.show import left_out, most_needed
from microtome.page import Html, document, image, table

_STYLE = """
.verdict { border-left:4px solid var(--warn); background:var(--warn-wash); padding:10px 14px;
  margin:14px 0; border-radius:4px; font-weight:600 }
.verdict.good { border-color:var(--good); background:var(--good-wash) }
"""

_CAPTIONS = {
    "fvu": "Fraction of variance unexplained, by site; 1 is predicting the mean. Lower is better.",
    "ce_recovered": "Share of next-token loss recovered when the site is spliced; 1 is the model.",
    "density": "How often features fire; right of the dotted line they are dense (over 10%).",
    "error_by_l0": "A sample of tokens: error against active features; the worst are named.",
    "error_by_position": "Error by position in the row.",
    "per_feature": "One point a feature: below the dotted line the stand-in does better than "
    "nothing, and a dictionary that computes more than a linear map lies below its points.",
}


def page(evaluations: Sequence[Evaluation], images: Sequence[Mapping[str, bytes]]) -> str:
    """The HTML of some evaluations and their plots."""
    title = "Evaluation" if len(evaluations) > 1 else f"Evaluation of {evaluations[0].dictionary}"
    body = [f"<h1>{escape(title)}</h1>", '<p class="soft">microtome evaluate</p>']
    if len(evaluations) > 1:
        body.append(f"<section><h3>Means over sites</h3>{_summary(evaluations)}</section>")
    body += [_one(e, drawn) for e, drawn in zip(evaluations, images, strict=True)]
    return document(title, body, _STYLE)


def _one(e: Evaluation, images: Mapping[str, bytes]) -> str:
    good = bool(e.baselines) and all(b.beaten for b in e.baselines)
    parts = [
        f"<section><h2>{escape(e.dictionary)}</h2>",
        f'<p class="soft">{e.kind} on {escape(e.model)} · {e.tokens:,} held-out tokens of '
        f"{e.documents:,} documents · {left_out(e)} · 95% intervals by bootstrap over "
        f"documents</p>",
        f'<div class="verdict{" good" if good else ""}">{escape(e.verdict)}</div>',
        *(f'<p class="soft">{escape(note)}</p>' for note in e.notes),
        "<h3>Sites</h3>",
        _sites(e),
        _image(images, "fvu"),
        _image(images, "ce_recovered"),
    ]
    if e.baselines:
        parts += ["<h3>Baselines</h3>", _baselines(e)]
    if e.replacement:
        parts += ["<h3>Whole replacement model</h3>", _replacement(e)]
    parts += ["<h3>Density</h3>", _image(images, "density")]
    parts += ["<h3>Error, token by token</h3>", _image(images, "error_by_l0"), _outliers(e)]
    parts.append(_image(images, "error_by_position"))
    if e.per_feature:
        parts += ["<h3>Loss, feature by feature</h3>", _image(images, "per_feature"), _features(e)]
    if e.probes:
        parts += ["<h3>Sparse probes (balanced accuracy, 0.5 is chance)</h3>", _probes(e)]
    if e.stability:
        rows = [[s.other, ", ".join(f"{x:.3f}" for x in s.twins)] for s in e.stability]
        parts += ["<h3>Features with a twin</h3>", _table(["other", "share by encoder"], rows)]
    parts += ["<details><summary>Every figure</summary>", _all(e), "</details></section>"]
    return "".join(parts)


def _image(images: Mapping[str, bytes], name: str) -> str:
    if name not in images:
        return ""
    return image(images[name], _CAPTIONS[name])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], mean: bool = False) -> str:
    return table(head, rows, figures=True, text=("text",), last=mean)


def _figure(figure: Figure | None, digits: int = 3) -> str:
    if figure is None:
        return "–"
    value = f"{figure.value:.{digits}f}"
    if figure.low is None or figure.high is None:
        return value
    interval = f"{figure.low:.{digits}f} to {figure.high:.{digits}f}"
    return Html(f"{value} <small>{interval}</small>")


_COLUMNS = {
    "FVU": "fvu",
    "cosine": "cosine",
    "CE recovered": "ce_recovered",
    "KL recovered": "kl_recovered",
    "top-1": "top1",
}


def _row(figures: Figures) -> list[str]:
    l0 = figures.get("l0")
    return ["–" if l0 is None else f"{l0.value:.1f}"] + [
        _figure(figures.get(name)) for name in _COLUMNS.values()
    ]


def _summary(evaluations: Sequence[Evaluation]) -> str:
    rows = [[e.dictionary, *_row(e.means)] for e in evaluations]
    return _table(["dictionary", "L0", *_COLUMNS], rows)


def _sites(e: Evaluation) -> str:
    rows = []
    paired = len(e.densities) == len(e.sites)
    for i, site in enumerate(e.sites):
        d = e.densities[i] if paired else None
        dead = [f"{d.dead} of {d.features}", str(d.dense)] if d else ["–", "–"]
        rows.append([site.site, *_row(site.figures), *dead])
    if len(rows) > 1:
        dead, total = (sum(getattr(d, n) for d in e.densities) for n in ("dead", "features"))
        dense = str(sum(d.dense for d in e.densities))
        rows.append(["mean", *_row(e.means), f"{dead} of {total}", dense])
    return _table(["written site", "L0", *_COLUMNS, "dead", "dense"], rows, len(rows) > 1)


def _baselines(e: Evaluation) -> str:
    rows = [["this dictionary", *_row(e.means), ""]]
    for b in e.baselines:
        better = sum(v.verdict == "better" for v in b.versus)
        verdict = "clearly beaten" if b.beaten else f"beaten at {better} of {len(b.versus)} sites"
        rows.append([b.name, *_row(b.means), verdict])
    notes = "".join(
        f'<p class="soft"><b>{escape(b.name)}</b>: {escape(b.what)}</p>' for b in e.baselines
    )
    return _table(["", "L0", *_COLUMNS, "verdict"], rows) + notes


def _replacement(e: Evaluation) -> str:
    names = {"top1": "top-1 agreement", "kl": "KL, nats", "ce": "CE", "ce_clean": "CE of the model"}
    rows = [[k, *(_figure(f.get(name)) for name in names)] for k, f in e.replacement.items()]
    return _table(["attention", *names.values()], rows)


def _outliers(e: Evaluation) -> str:
    found = [(one.site, o) for one in e.per_token for o in one.outliers]
    rows = []
    for site, o in sorted(found, key=lambda pair: -pair[1].error)[:20]:
        text = Html(f"{escape(o.before)}<mark>{escape(o.token)}</mark>{escape(o.after)}")
        rows.append([site, f"{o.error:.1f}", str(o.l0), str(o.position), text])
    return _table(["written site", "error", "L0", "position", "text"], rows)


def _features(e: Evaluation) -> str:
    shown = most_needed(e, 20)
    names = list(shown[0][1].prediction) if shown else []
    rows = [
        [
            site,
            f"{f.encoder}/{f.feature}",
            str(f.tokens),
            *(_figure(f.prediction[n].on) for n in names),
            *(_figure(f.layer[n].on) for n in names),
        ]
        for site, f in shown
    ]
    head = [f"added loss, {n}" for n in names] + [f"layer error, {n}" for n in names]
    return _table(["spliced site", "feature", "tokens", *head], rows)


def _probes(e: Evaluation) -> str:
    rows = [
        [
            p.task,
            p.site,
            *(_figure(p.features.get(k), 2) for k in (1, 2, 5)),
            _figure(p.dimensions.get(5), 2),
            _figure(p.activation, 2),
        ]
        for p in e.probes
    ]
    return _table(["task", "read site", "k = 1", "k = 2", "k = 5", "5 dims", "all dims"], rows)


def _all(e: Evaluation) -> str:
    names = list(dict.fromkeys(name for site in e.sites for name in site.figures))
    rows = [[name, *(_figure(s.figures.get(name), 4) for s in e.sites)] for name in names]
    return _table(["figure", *(s.site for s in e.sites)], rows)
