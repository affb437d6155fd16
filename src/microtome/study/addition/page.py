"""The report page of the addition study."""

from collections.abc import Mapping, Sequence

from microtome.page import Html, document, folded, heading, image, paragraph, section, table
from microtome.specimen.adder import world
from microtome.study.addition.document import PATHS, AdditionStudy, Claim
from microtome.study.addition.shortfalls import shortfalls


def page(study: AdditionStudy, images: Mapping[str, bytes]) -> str:
    """One HTML page with every figure."""
    held = [claim.verdict for claim in study.claims]
    counts = ", ".join(f"{held.count(v)} {v}" for v in ("holds", "partly", "fails"))
    body = [
        "<h1>Does the adder add along two paths?</h1>",
        paragraph(
            f"microtome study addition: {study.model}, {study.dictionary} ({study.dictionary_kind})"
            f" · {study.options.pairs} held-out pairs · seed {study.options.seed} · 95% intervals "
            f"by bootstrap over pairs",
            soft=True,
        ),
        paragraph(
            "The account (Lindsey et al. 2025, “On the Biology of a Large Language Model”): one "
            "path finds the ones digit of the sum by looking up pairs of ones digits, another its "
            "size, and both meet in the answer. Whatever is measured here is measured on the real "
            "model, at the answer's position."
        ),
        section(f"Claims: {counts}", _claims(study.claims), _unchanged(study)),
        section("Where the account falls short", *(paragraph(text) for text in shortfalls(study))),
        _responses(study, images),
        _swaps(study, images),
        _guises(study, images),
        _ablation(study, images),
    ]
    return document("The addition study", body)


def _claims(claims: Sequence[Claim]) -> str:
    rows = [
        [
            f"({c.part})",
            c.says,
            c.measured,
            f"{c.control} ({c.versus})",
            Html(f'<b class="{c.verdict}">{c.verdict}</b>'),
            c.refuted_by,
        ]
        for c in claims
    ]
    head = ["", "the account says", "measured", "strongest control", "verdict", "refuted by"]
    return table(head, rows) + paragraph(
        "Holds: at least half, and above the strongest control by an interval that excludes "
        "zero. Partly: only above. Fails: not above.",
        soft=True,
    )


def _unchanged(study: AdditionStudy) -> str:
    rows = [[task, study.accuracy[task], f"{study.errors[task]:.1%}"] for task in study.accuracy]
    return (
        heading("Without a change")
        + table(["task", "right answers, held-out pairs", "variance left to errors"], rows)
        + paragraph(
            "Errors are what the dictionary does not explain of MLP outputs at the answer's "
            "position. No intervention touches them, nor what attention brings without an MLP; "
            "what a path writes into errors stays when the path is taken away.",
            soft=True,
        )
    )


def _responses(study: AdditionStudy, images: Mapping[str, bytes]) -> str:
    r = study.responses
    rows = [
        [
            f"layer {one.layer}",
            one.alive,
            *(one.counts[kind] for kind in r.layers[0].counts),
            *(_number(one.f1[path]) for path in PATHS),
            f"{one.f1_permuted:.2f}",
        ]
        for one in r.layers
    ]
    head = ["", "alive", *r.layers[0].counts, "F1 ones", "F1 magnitude", "F1 pairs shuffled"]
    listed = [
        [
            f"L{f.layer}/{f.feature}",
            f.kind,
            f.words,
            f"{f.fit:.2f}",
            f"{f.f1:.2f}",
            f"{f.density:.1%}",
        ]
        for f in r.features
    ]
    return section(
        "(a) What responds to what",
        paragraph(
            "Every feature that is on at the answer's position for 0.2% of the 10,000 pairs or "
            "more, sorted by what explains its activation. Fit and F1 are on pairs that the "
            "sorting was not made from. Were there no such features, the columns of the two paths "
            "would be as empty as with shuffled pairs, where "
            + " and ".join(f"{r.permuted[path]} are on the {path} path" for path in PATHS)
            + ". Features of a path are chosen by their fit, so their F1 is high by choice; that "
            "there are so many is not."
        ),
        table(head, rows),
        image(
            images["written"],
            "Share of each layer's strength (mean activation times decoder length) by kind. What "
            "is exact or mixed is in neither path, and the account is silent on it.",
        ),
        image(
            images["examples"],
            "The strongest feature of some kinds: activation over all pairs of operands.",
        )
        if "examples" in images
        else "",
        folded(
            "The strongest features of each path",
            table(["feature", "kind", "operand pattern", "fit", "F1", "on"], listed),
        ),
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _swaps(study: AdditionStudy, images: Mapping[str, bytes]) -> str:
    rows = [
        [
            s.swap,
            s.patched,
            s.attention,
            s.success,
            s.ones_new,
            s.ones_kept,
            s.size_new,
            s.size_kept,
            s.tens_kept,
        ]
        for s in study.swaps
    ]
    head = ["swap", "patched", "attention", "predicted answer", "ends as other", "ends as this"]
    head += ["size of other", "size of this", "tens of this"]
    examples = [
        [e.swap, e.prompt, e.other, e.answer, " or ".join(map(str, e.expected)), _answer(e.got)]
        for e in study.swap_examples
    ]
    links = [
        [x.swap, x.attention, _number(x.slope), _interval(x.slope_interval), _number(x.r2), x.n]
        for x in study.links
    ]
    return section(
        "(b) One path from another sum",
        paragraph(
            "Features of one path are clamped to what they are in another prompt, in which one "
            "operand is replaced: another ones digit, and a sum that is 20 or more away. The "
            "account predicts one number for each path: the ones digit of one sum at the size of "
            "the other. Neither is a sum of the two prompts, so features that carry a whole sum "
            "cannot pass for a path. "
            "With all features patched the answer should be the other sum. Size means within 5."
        ),
        image(images["swaps"], "How often the answer is the predicted one."),
        table(head, rows),
        heading("The first swaps, attention live"),
        table(["swap", "prompt", "other prompt", "sum", "predicted", "answer"], examples),
        heading("Graph and model"),
        paragraph(
            "The logit of the predicted answer over that of the sum, when the path's active "
            "features go to the other prompt's activations: what the prompt's graph predicts "
            "against what the model does. A slope of 1 is as predicted; 0, or less, refutes it."
        ),
        table(["swap", "attention", "slope", "95%", "R²", "pairs"], links),
    )


def _answer(number: int) -> str:
    return "no number" if number < 0 else str(number)


def _interval(interval: tuple[float, float] | None) -> str:
    return "–" if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}"


def _guises(study: AdditionStudy, images: Mapping[str, bytes]) -> str:
    overlaps = [
        [
            o.path,
            f"{o.first} / {o.second}",
            f"{o.features[0]} / {o.features[1]}",
            f"{o.jaccard:.2f}",
            f"{o.jaccard_chance:.2f}",
            f"{o.correlation:.2f}",
        ]
        for o in study.overlaps
    ]
    circuits = [
        [f"{c.first} / {c.second}", *map(_plain, (c.same, c.other, c.chance))]
        for c in study.circuits
    ]
    transfers = [
        [t.task, t.path, t.found_in, t.who, t.right, t.ones, t.tens] for t in study.transfers
    ]
    transfer_head = ["task", "ablated", "found in", "features", "right", "ones", "tens"]
    return section(
        "(c) The same features in other guises",
        paragraph(
            "Paths are found anew in every guise. Overlap is Jaccard's, chance is the path's "
            "labels dealt again within layers among features of like strength, and the "
            "correlation is of the features' activations over all pairs."
        ),
        table(["path", "guises", "features", "overlap", "chance", "correlation"], overlaps),
        image(
            images["circuits"],
            "Features at the answer's position of pruned graphs, of the same sum, of another sum, "
            "and random active ones as many of every layer.",
        ),
        table(["tasks", "same sum", "another sum", "random"], circuits),
        heading("Found in one guise, ablated in another task"),
        paragraph(
            "To their mean in that task, attention live, on the pairs that the model answers "
            "rightly there. In the exercises the account predicts that “ones” fail without the "
            "ones path and “tens” without the magnitude path, and neither without the other. The "
            "dictionaries were not trained on the exercises."
        ),
        table(transfer_head, [row for row in transfers if row[2] == next(iter(world.GUISES))]),
        folded("Found in every guise", table(transfer_head, transfers)),
    )


def _plain(share) -> str:
    return f"{share.value:.2f} ({share.low:.2f} to {share.high:.2f})"


def _ablation(study: AdditionStudy, images: Mapping[str, bytes]) -> str:
    rows = [
        [
            r.path,
            r.who,
            r.to,
            r.attention,
            r.both_right,
            r.ones_only,
            r.tens_only,
            r.neither,
            r.near,
            "–" if r.error is None else f"{r.error:g}",
        ]
        for r in study.ablation
    ]
    head = ["path", "features", "to", "attention", "both right", "ones right, tens wrong"]
    head += ["tens right, ones wrong", "both wrong", "within 5", "median error"]
    return section(
        "(d) Is the account the model's own?",
        paragraph(
            "Each path is taken away from the real model. Without the ones path the account "
            "predicts right tens with a wrong ones digit, without the magnitude path the reverse. "
            "Shuffled: the path's labels dealt again within layers among features of like "
            "strength, by which some stay where they are ("
            + ", ".join(f"{study.responses.kept[p]:.0%} of the {p} path's strength" for p in PATHS)
            + "). Others: features outside the path, as many of each layer, of the nearest "
            "strength there is; of a large path these are mostly the other one's. Idle: features "
            "that are off, changed by as much. What is right without both paths did not come by "
            "them."
        ),
        image(images["ablation"], "What becomes of answers that were right."),
        table(head, rows),
    )
