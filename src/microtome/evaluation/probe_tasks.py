"""What sparse probes are asked: labels of texts from a file, or of tokens from the corpus."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from microtome.data.block import Block
from microtome.data.field import text_of
from microtome.data.policy import TokenPolicy
from microtome.dictionary import Codes, Dictionary
from microtome.errors import MicrotomeError
from microtome.evaluation.models import Models
from microtome.evaluation.probing import Examples, ProbeResult, sparse_probe
from microtome.model import LanguageModel

TOKEN_TASKS: dict[str, Callable[[str], bool]] = {
    "next token starts with a space": lambda text: text.startswith(" "),
    "next token starts with a capital": lambda text: text.lstrip()[:1].isupper(),
    "next token is punctuation": lambda text: (
        bool(text.strip()) and not any(c.isalnum() for c in text)
    ),
}
"""Labels of a token by the token that follows it: any corpus has them."""


def read_labelled(path: Path) -> list[tuple[str, bool]]:
    """Labelled texts: a `.jsonl` file whose lines have "text" and "label" (true/false or 1/0).

    Raises:
        MicrotomeError: no such file, a line without these fields, or a label of another kind.
    """
    if not path.is_file():
        raise MicrotomeError(f"labelled texts {path} do not exist")
    found = []
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            where = f"{path} line {number}"
            try:
                record = json.loads(line)
                text, label = record["text"], record["label"]
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise MicrotomeError(
                    f'{where} is not a JSON object with "text" and "label"'
                ) from error
            if label not in (0, 1):
                raise MicrotomeError(f"{where}: label {label!r} is neither true (1) nor false (0)")
            found.append((text_of(text, "text", where), bool(label)))
    if not found:
        raise MicrotomeError(f"labelled texts {path} are empty; expected a line for each text")
    return found


@torch.no_grad()
def probe_tokens(
    models: Models,
    dictionary: Dictionary,
    blocks: Iterable[Block],
    tasks: Sequence[str] = tuple(TOKEN_TASKS),
    max_tokens: int = 20_000,
) -> list[ProbeResult]:
    """Probe every encoder's features for what the next token is like.

    Tasks of which a class is too rare in these blocks are left out.
    """
    policy = TokenPolicy.of(dictionary)
    model, gathered = models.model, _Gathered(models, dictionary)
    following: list[Tensor] = []
    for block in blocks:
        tokens = block.tokens.to(model.device)
        counts = policy.counts(model, tokens)
        counts[:, -1] = False  # its next token is not known
        counts[:, :-1] &= (block.documents[:, 1:] == block.documents[:, :-1]).to(counts.device)
        gathered.add(tokens, counts, block.documents)
        following.append(tokens[:, 1:][counts[:, :-1]].cpu())
        if gathered.tokens >= max_tokens:
            break
    if not following:
        return []
    next_tokens = torch.cat(following)
    return [
        result
        for task in tasks
        for result in gathered.probe(task, _labels(model, next_tokens, TOKEN_TASKS[task]))
    ]


def _labels(
    model: LanguageModel, tokens: Int[Tensor, " n"], rule: Callable[[str], bool]
) -> Bool[Tensor, " n"]:
    ids, at = torch.unique(tokens, return_inverse=True)
    return torch.tensor([rule(model.token_string(int(i))) for i in ids], dtype=torch.bool)[at]


@torch.no_grad()
def probe_texts(
    models: Models,
    dictionary: Dictionary,
    labelled: Sequence[tuple[str, bool]],
    task: str,
    context: int = 128,
) -> list[ProbeResult]:
    """Probe every encoder's features, averaged over a text's tokens, for the texts' labels.

    Texts are cut to the context; those without a token that counts are left out.

    Raises:
        MicrotomeError: no tokenizer, or too few texts that are left.
    """
    policy = TokenPolicy.of(dictionary)
    model, gathered = models.model, _Gathered(models, dictionary)
    labels = []
    context = min(context, model.max_positions)
    for number, (text, label) in enumerate(labelled):
        tokens = cut_to(model, text, context)
        counts = policy.counts(model, tokens) if tokens.numel() else torch.zeros(1, 0).bool()
        if bool(counts.any()):
            gathered.add(tokens, counts, torch.full_like(tokens, number))
            labels.append(label)
    if not labels:
        raise MicrotomeError(f"probe {task!r} has no text with a token that counts; give more text")
    return gathered.probe(task, torch.tensor(labels, dtype=torch.bool), pooled=True)


def cut_to(model: LanguageModel, text: str, context: int) -> Int[Tensor, "1 position"]:
    """The first tokens of a text, on the model's device.

    Raises:
        MicrotomeError: no tokenizer.
    """
    if model.tokenizer is None:
        raise MicrotomeError(f"{model.name} has no tokenizer, which labelled texts need")
    ids = model.tokenizer(text, truncation=True, max_length=context, verbose=False)["input_ids"]
    return torch.tensor([ids], dtype=torch.long, device=model.device)


class _Gathered:
    """Codes and activations of every encoder on the tokens seen so far."""

    def __init__(self, models: Models, dictionary: Dictionary):
        self.models = models
        self.dictionary = dictionary.to(models.device, models.dtype)
        n = len(dictionary.encoders)
        self.codes: list[list[Codes]] = [[] for _ in range(n)]
        self.inputs: list[list[Tensor]] = [[] for _ in range(n)]
        self.documents: list[Tensor] = []
        self.tokens = 0

    def add(self, tokens: Tensor, counts: Tensor, documents: Tensor) -> None:
        dictionary = self.dictionary
        found = self.models.capture(tokens, dictionary.reads)
        rows = [found[read][counts] for read in dictionary.reads]
        for e, codes in enumerate(dictionary.encode(rows)):
            self.codes[e].append(codes)
            parts = [rows[i] for i in dictionary.sources[e]]
            self.inputs[e].append(torch.cat(parts, -1).cpu())
        self.documents.append(documents.cpu()[counts.cpu()])
        self.tokens += int(counts.sum())

    def probe(
        self, task: str, labels: Bool[Tensor, " n"], pooled: bool = False
    ) -> list[ProbeResult]:
        results = []
        documents = torch.cat(self.documents) if self.documents else torch.zeros(0).long()
        for e, sources in enumerate(self.dictionary.sources):
            site = "+".join(self.dictionary.reads[i] for i in sources)
            codes, x, where = join(self.codes[e]), torch.cat(self.inputs[e]), documents
            if pooled:
                codes, x, where = pool(codes, x, documents)
            try:
                results.append(sparse_probe(task, site, Examples(codes, x, labels, where)))
            except MicrotomeError:
                if pooled:  # labels of the user's own: say what is wrong with them
                    raise
        return results


def join(parts: Sequence[Codes]) -> Codes:
    """Codes of several batches, one after another."""
    offsets, start = [torch.zeros(1, dtype=torch.long)], 0
    for codes in parts:
        offsets.append(codes.offsets[1:].cpu() + start)
        start += codes.n_active
    return Codes(
        parts[0].n_features,
        torch.cat(offsets),
        torch.cat([codes.features.cpu() for codes in parts]),
        torch.cat([codes.values.cpu() for codes in parts]),
    )


def pool(
    codes: Codes, x: Tensor, documents: Int[Tensor, " rows"]
) -> tuple[Codes, Tensor, Int[Tensor, " documents"]]:
    """Means over each document's tokens, of codes and of activations."""
    ids, numbers = torch.unique(documents, return_inverse=True)
    sizes = torch.bincount(numbers, minlength=len(ids)).double()
    means = torch.zeros(len(ids), x.shape[1], dtype=torch.float64)
    means.index_add_(0, numbers, x.double())
    keys, at = torch.unique(
        numbers[codes.rows()] * codes.n_features + codes.features, return_inverse=True
    )
    values = torch.zeros(len(keys), dtype=torch.float64)
    values.index_add_(0, at, codes.values.double())
    rows = keys // codes.n_features
    counts = torch.bincount(rows, minlength=len(ids))
    offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    pooled = Codes(codes.n_features, offsets, keys % codes.n_features, values / sizes[rows])
    return pooled, means / sizes[:, None], ids
