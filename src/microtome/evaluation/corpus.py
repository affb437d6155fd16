"""The two sides of a corpus: blocks to evaluate on, and blocks to fit baselines on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from microtome.data import Block, held_out_texts, read_texts, token_blocks, training_texts
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.evaluation.evaluate import Options, evaluate
from microtome.evaluation.result import Evaluation
from microtome.model import LanguageModel


@dataclass(frozen=True)
class EvaluationBlocks:
    """Blocks of held-out and of training documents."""

    held_out: list[Block]
    training: list[Block]


def evaluation_blocks(
    model: LanguageModel,
    corpus: str,
    share: float = 0.05,
    context: int = 256,
    tokens: int = 50_000,
    training_tokens: int = 100_000,
    field: str = "text",
) -> EvaluationBlocks:
    """Split a corpus by document hash, as training does, and take so many tokens of each side.

    Args:
        model: whose tokenizer to use.
        corpus: file, folder or hub dataset.
        share: of documents that training held out; with another share than that of the recipe,
            trained documents would be among the held-out ones.
        context: tokens of a document that are used, at most; shortened to what the model holds.
        tokens: held-out tokens, at most.
        training_tokens: training tokens, at most; 0 for none.
        field: the field or column that holds the text.

    Raises:
        MicrotomeError: no such corpus, or no held-out or no training document.
    """
    context = min(context, model.max_positions)
    held_out = _take(model, held_out_texts(read_texts(corpus, field), share), context, tokens)
    if not held_out:
        raise MicrotomeError(
            f"corpus {corpus} has no held-out document of two tokens at a share of {share}; give "
            f"more text, or the share that was held out in training"
        )
    training: list[Block] = []
    if training_tokens:
        texts = training_texts(read_texts(corpus, field), share)
        training = _take(model, texts, context, training_tokens)
        if not training:
            raise MicrotomeError(
                f"corpus {corpus} has no training document at a held-out share of {share}, and "
                f"baselines and linear maps are fitted on training documents; lower the share"
            )
    return EvaluationBlocks(held_out, training)


def _take(model: LanguageModel, texts: Iterable[str], context: int, tokens: int) -> list[Block]:
    """Blocks of the first documents that have so many tokens together; the last is whole."""
    chosen: list[str] = []
    room = tokens
    for text in texts:
        if room <= 0:
            break
        length = _length(model, text, context)
        if length > 1:
            chosen.append(text)
            room -= length
    return list(token_blocks(model, chosen, context)) if chosen else []


def _length(model: LanguageModel, text: str, context: int) -> int:
    if model.tokenizer is None:
        raise MicrotomeError(f"{model.name} has no tokenizer; pass blocks of tokens, not texts")
    ids = model.tokenizer(text, truncation=True, max_length=context, verbose=False)["input_ids"]
    assert isinstance(ids, list)
    return len(ids)


def evaluate_corpus(
    model: LanguageModel,
    dictionaries: Sequence[Dictionary],
    corpus: str,
    held_out: float | None = None,
    context: int = 256,
    tokens: int = 50_000,
    options: Options | None = None,
    progress: Callable[[int, int], None] | None = None,
    other: LanguageModel | None = None,
    field: str = "text",
) -> list[Evaluation]:
    """Evaluate dictionaries on the held-out documents of a corpus.

    Args:
        model: that the dictionaries were trained on.
        dictionaries: of any kind.
        corpus: file, folder or hub dataset; the one of training, or another.
        held_out: share of documents that training held out; by default as the dictionaries say,
            5% where they do not.
        context: tokens of a document that are used, at most.
        tokens: held-out tokens, at most.
        options: what to measure and how.
        progress: called with blocks done and to do.
        other: the second model of crosscoders that have sites in two.
        field: the field or column that holds the text.

    Raises:
        MicrotomeError: as `evaluation_blocks` and `evaluate`.
    """
    options = options or Options()
    fits = options.baselines or options.wanted.per_feature
    share = held_out_share(dictionaries, held_out)
    fit_tokens = options.fit_tokens if fits else 0
    blocks = evaluation_blocks(model, corpus, share, context, tokens, fit_tokens, field)
    return evaluate(model, dictionaries, blocks.held_out, blocks.training, options, progress, other)


def held_out_share(dictionaries: Sequence[Dictionary], asked: float | None) -> float:
    """A share of documents that no dictionary was trained on.

    Raises:
        MicrotomeError: more is asked for than was held out.
    """
    noted = {d.name: d.info.get("held_out") for d in dictionaries}
    kept = {name: share for name, share in noted.items() if isinstance(share, int | float)}
    if asked is None:
        return min(kept.values(), default=0.05)
    for name, share in kept.items():
        if asked > share:
            raise MicrotomeError(
                f"{name} was trained with a share of {share} held out, so with {asked} it would be "
                f"measured on its own training documents; ask for {share} or less"
            )
    return asked
