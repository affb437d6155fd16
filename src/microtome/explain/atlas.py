"""Explaining features of an atlas, into a folder of labels."""

from collections.abc import Callable, Sequence
from pathlib import Path

from microtome.explain.artifact import Labels, LabelsContent, labels_beside
from microtome.explain.features import Key, Source, Work
from microtome.explain.journal import Journal
from microtome.explain.options import ExplainOptions
from microtome.explain.question import Answerer


def explain_atlas(
    atlas: Path,
    source: Source,
    keys: Sequence[Key],
    answerer: Answerer,
    out: Path | None = None,
    options: ExplainOptions | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    force: bool = False,
    command: Sequence[str] | None = None,
) -> LabelsContent:
    """Let a language model explain features, and score what it says on held-out examples.

    After Bills et al. (2023) and Paulo et al. (2024, https://arxiv.org/abs/2410.13928); see
    `prompts` and `scoring` for what differs. Every answer is on disk as soon as it is there: a
    run that is interrupted, killed or out of budget goes on where it was when it is called again.
    Features that are finished are in the folder of labels even then, unless it was killed.

    Args:
        atlas: its folder.
        source: of examples, such as `AtlasSource(open_atlas(atlas))`.
        keys: encoder and feature of what to explain.
        answerer: an `Endpoint` or a `Local` model.
        out: folder of labels; `ATLAS-labels` by default. Labels that the same model made there in
            the same way are added to.
        options: what is shown and asked.
        progress: called with features done and features to do.
        force: replace labels that were made in another way.
        command: the command line to keep in the manifest; this process's own by default.

    Raises:
        Stopped: the language model will not answer, or costs more than the budget.
        MicrotomeError: no atlas, or the output folder holds something else.
    """
    options = options or ExplainOptions()
    labels = Labels(atlas, out or labels_beside(atlas), answerer.name, options, force, command)
    with labels.at_work():
        journal = Journal(answerer, labels.journal, labels.known)
        before = dict(labels.labels)
        try:
            Work(source, journal, options, labels.labels, progress).run(keys)
        except BaseException:
            journal.end()
            if labels.labels != before:
                labels.save(journal.answers)
            elif not journal.answers:
                labels.clear()
            raise
        journal.end()
        return labels.save(journal.answers)
