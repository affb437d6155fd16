"""Building an atlas: one pass over a corpus, then what follows from it, then the files."""

import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch.distributed as dist

from microtome.artifact import SCHEMA_VERSIONS, Manifest, check_output, locked, new_artifact
from microtome.artifact.interrupt import Interrupted, interruptions
from microtome.atlas.candidates import check_memory
from microtome.atlas.checkpoint import (
    claim,
    has_checkpoint,
    load_checkpoint,
    occupy,
    save_checkpoint,
    unfinished,
)
from microtome.atlas.collect import Collected, Collector
from microtome.atlas.concepts import Concept
from microtome.atlas.content import densities, describe, vocabulary_strings
from microtome.atlas.fits import check_fits
from microtome.atlas.labels import name_clusters
from microtome.atlas.options import BuildOptions
from microtome.atlas.schema import AtlasContent
from microtome.atlas.share import Share
from microtome.atlas.stages import Report, Stages, silent
from microtome.atlas.tables import check_name
from microtome.atlas.write import write_features, write_map, write_vocabulary, write_windows
from microtome.data import BlockSource, fingerprint_corpus, read_texts, token_blocks
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel

KIND = "atlas"


def build_atlas(
    model: LanguageModel,
    dictionary: Dictionary,
    corpus: str | Path | BlockSource,
    out: Path,
    options: BuildOptions | None = None,
    report: Report = silent,
    force: bool = False,
    command: Sequence[str] | None = None,
    other: LanguageModel | None = None,
    concepts: Sequence[Concept] = (),
) -> AtlasContent | None:
    """Build an atlas of a dictionary's features.

    One pass over the corpus, with memory by the number of features alone. A build that was
    interrupted or killed goes on when it is called again with the same arguments, to the same
    result; until it is finished, `OUT.building` beside the atlas holds what there is. Under
    torch.distributed the processes share the corpus, and need to share the file system.

    Args:
        model: that the dictionary was trained on.
        dictionary: of any kind.
        corpus: file, folder or hub dataset; or what starts token blocks from the beginning, such
            as `lambda: blocks`.
        out: folder of the atlas.
        options: what is kept, and how the corpus is read.
        report: called as the work goes on.
        force: replace an atlas that exists.
        command: the command line to keep in the manifest; this process's own by default.
        other: the second model of a two-model crosscoder.
        concepts: known ones, that labels may name.

    Returns:
        What the manifest says of the atlas; None on other processes than the first.

    Raises:
        MicrotomeError: an output that exists, a dictionary that does not fit the model, too
            little memory for so many features, no token that counts, or an unfinished build of
            something else.
        Interrupted: after SIGINT or SIGTERM, when what is collected so far is saved.
    """
    options = options or BuildOptions()
    check_name(out.absolute())
    check_output(out, force, KIND)
    check_fits(model, dictionary, other, options.any_model)
    check_memory(sum(dictionary.n_features), options)
    build = _Build(model, dictionary, corpus, out, options, report, other)
    with ExitStack() as stack:
        build.open(stack)
        collected = build.collect()
        if collected is None:
            return None
        content = build.finish(collected, concepts, force, command)
    shutil.rmtree(build.folder, ignore_errors=True)
    return content


@dataclass
class _Build:
    """A build under way, in one process of several."""

    model: LanguageModel
    dictionary: Dictionary
    corpus: str | Path | BlockSource
    out: Path
    options: BuildOptions
    report: Report
    other: LanguageModel | None
    rank: int = field(default_factory=lambda: dist.get_rank() if dist.is_initialized() else 0)
    world: int = field(default_factory=lambda: dist.get_world_size() if _many() else 1)

    @property
    def folder(self) -> Path:
        return unfinished(self.out)

    def rank_folder(self, rank: int) -> Path:
        return self.folder / f"{rank}-of-{self.world}"

    # -- the pass ------------------------------------------------------------------------------

    def open(self, stack: ExitStack) -> None:
        """Claim the folder of the unfinished build, and keep others out of it."""
        if self.rank == 0:
            plan = self.plan
            occupy(self.folder)
            stack.enter_context(locked(self.folder))
            claim(self.folder, plan)
            stack.callback(self.tidy)
        self.barrier()
        self.rank_folder(self.rank).mkdir(exist_ok=True)

    def tidy(self) -> None:
        """Leave nothing where nothing was collected."""
        if not has_checkpoint(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def plan(self) -> dict[str, Any]:
        return {
            "options": self.options.identity(),
            "inputs": self.inputs,
            "processes": self.world,
        }

    @property
    def inputs(self) -> dict[str, str]:
        found = {"model": self.model.fingerprint, "dictionary": self.dictionary.fingerprint}
        if self.other is not None:
            found["other"] = self.other.fingerprint
        if not callable(self.corpus):
            found["corpus"] = fingerprint_corpus(self.corpus)
        return found

    def blocks(self):
        """Token blocks from the beginning."""
        if callable(self.corpus):
            return self.corpus()
        options = self.options
        texts = read_texts(self.corpus, options.field)
        context = min(options.context, self.model.max_positions)
        return token_blocks(self.model, texts, context, options.pack, options.tokens_at_once)

    def collect(self) -> Collected | None:
        """Collect this process's share; the first process then merges all of them."""
        folder, vocabulary = self.rank_folder(self.rank), self.model.d_vocab
        found = load_checkpoint(folder)
        if found is None:
            features = sum(self.dictionary.n_features)
            collected, facts = Collected.empty(features, vocabulary, self.options), {"passes": 0}
        else:
            collected, facts = Collected.restore(found[0], self.options), found[1]
            del found
        if not facts.get("finished"):
            facts = self._collect(folder, collected, facts)
        self.barrier()
        if self.rank:
            return None
        for rank in range(1, self.world):
            theirs = load_checkpoint(self.rank_folder(rank))
            assert theirs is not None, "every process has left a checkpoint"
            collected.merge(theirs[0])
        self.documents, self.longest = facts["documents"], facts["longest"]
        if not collected.tokens:
            shutil.rmtree(self.folder, ignore_errors=True)  # there is nothing to go on from
            raise MicrotomeError(
                "no token of the corpus counts: all are special tokens or the first of their row; "
                "give more text"
            )
        return collected

    def _collect(self, folder: Path, collected: Collected, facts: dict) -> dict:
        """Go on with the pass; returns what there is to say of the whole corpus."""
        options = self.options
        share = Share(self.blocks, options.tokens_at_once, options.tokens, self.rank, self.world)
        saved = time.monotonic()

        def state(done: int, finished: bool) -> dict[str, Any]:
            return {
                "passes": done,
                "digest": share.digest(),
                "finished": finished,
                "documents": share.documents,
                "longest": share.longest,
            }

        with interruptions() as asked:

            def after(done: int) -> None:
                nonlocal saved
                self.report("reading the corpus", share.read, options.tokens or 0)
                late = time.monotonic() - saved >= options.checkpoint_seconds
                if asked or late:
                    save_checkpoint(folder, collected.to_arrays(), state(done, False))
                    saved = time.monotonic()
                if asked:
                    raise Interrupted(
                        f"interrupted after {share.read:,} tokens; what is collected is saved in "
                        f"{self.folder}, and the same command goes on from there",
                        asked[0],
                    )

            collector = Collector(self.model, self.dictionary, options, self.other)
            done, digest = facts["passes"], facts.get("digest", "")
            collector.run(share, collected, done, digest, after)
            whole = state(0, True)
            save_checkpoint(folder, collected.to_arrays(), whole)
        return whole

    def barrier(self) -> None:
        if self.world > 1:
            dist.barrier()

    # -- behind it -----------------------------------------------------------------------------

    def finish(
        self,
        collected: Collected,
        concepts: Sequence[Concept],
        force: bool,
        command: Sequence[str] | None,
    ) -> AtlasContent:
        """All that follows from what was collected, and the files."""
        stages = Stages(
            self.folder, self.model, self.dictionary, self.options, collected, self.report
        )
        strings = vocabulary_strings(self.model)
        arrays = stages.run(self.blocks, strings, concepts)
        names = name_clusters(arrays, strings)
        content = describe(
            self.model, self.dictionary, collected, self.documents, self.longest, self.options
        )
        config = asdict(self.options) | {
            "corpus": "" if callable(self.corpus) else str(self.corpus)
        }
        manifest = Manifest(
            kind=KIND,
            schema_version=SCHEMA_VERSIONS[KIND],
            command=list(sys.argv if command is None else command),
            config=config,
            inputs=self.inputs,
            content=content.model_dump(mode="json"),
        )
        with new_artifact(self.out, manifest, force) as folder:
            write_features(
                folder, content, collected, self.longest, arrays, self.options, self.report
            )
            write_map(folder, content, densities(collected), arrays, names)
            write_vocabulary(folder, strings, collected.vocabulary)
            write_windows(folder, collected, self.options.width)
        return content


def _many() -> bool:
    return dist.is_initialized()
