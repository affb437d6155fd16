"""Every architecture on labelled tokens of a model whose mechanism is not known: concepts told."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.dictionary import Decoder, Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site
from microtome.specimen.score.concepts import Judged, Questions, ask
from microtome.specimen.score.dictionaries import Plan, baselines, train_saes
from microtome.specimen.score.labels import LabelledTokens, activations_at, labelled_tokens
from microtome.specimen.score.options import ScoreOptions
from microtome.specimen.score.progress import Stages, silent, training_report
from microtome.specimen.score.result import BESIDE, PROBE, SHUFFLED, Outcome, Scored, distinct
from microtome.specimen.score.synthetic import active_features, reconstruction
from microtome.specimen.truth import Truth

K = 16
"""Active features of dictionaries and baselines."""


@dataclass(frozen=True)
class Given:
    """A model, the truth of its tokens, and dictionaries that are there already."""

    name: str
    model: LanguageModel
    truth: Truth
    tensors: Mapping[str, Tensor]
    dictionaries: Mapping[str, Dictionary]
    """By name."""


def score_labelled(
    given: Given, options: ScoreOptions, seed: int, stages: Stages = silent
) -> Scored:
    """Score SAEs of every architecture at the middle of a model, and its own dictionaries.

    Every variable is looked for at the stream behind the middle block, by SAEs that are trained
    on the texts that are not for the test; a dictionary of its own is asked at the read site that
    is nearest to it.

    Raises:
        MicrotomeError: no labels, or none with enough rows.
    """
    title = f"{given.name}, seed {seed}"
    model = given.model
    labelled = labelled_tokens(given.truth, given.tensors, options.texts, seed)
    middle = f"blocks.{model.n_layers // 2}.resid.post"
    ready = {name: d.to("cpu", torch.float32) for name, d in given.dictionaries.items()}
    encoders = {name: nearest_read(d, model.n_layers) for name, d in ready.items()}
    own = {name: one_encoder(d, encoders[name]) for name, d in ready.items()}
    sites = [middle, *(d.reads[0] for d in own.values())]
    x = activations_at(model, labelled.tokens, sites)
    training = x[middle][training_rows(model, labelled)]
    plan = Plan(options.architectures, 4 * model.d_model, options.steps, 2 * options.batch, seed)
    made = train_saes(
        {middle: training}, {middle: K}, plan, training_report(stages, f"{title}: training")
    )[middle]
    stages(f"{title}: scoring", 0, 0)
    questions = questions_at(labelled, middle, x)
    first = made[options.architectures[0]]
    outcomes = []
    for name, dictionary in (made | baselines(first, training, K, seed)).items():
        fit = reconstruction(dictionary, x[middle][labelled.test_rows])
        outcomes.append(_outcome(name, questions, dictionary, fit))
    for name, dictionary in own.items():
        (site,) = dictionary.reads
        # what a transcoder writes is not what it reads, so it has no FVU there
        figures = reconstruction if ready[name].kind == "sae" else active_features
        fit = figures(dictionary, x[site][labelled.test_rows])
        told_apart = distinct(name, (*made, *BESIDE))
        outcomes.append(_outcome(told_apart, questions_at(labelled, site, x), dictionary, fit))
    outcomes += control_outcomes(questions, {middle: first}, torch.Generator().manual_seed(seed))
    return Scored(given.name, tuple(outcomes), {"concepts": {"coverage": questions.chance}})


def questions_at(
    labelled: LabelledTokens, site: str, x: Mapping[str, Float[Tensor, "text position d"]]
) -> Questions:
    """All variables at one site.

    Raises:
        MicrotomeError: no value of any variable has enough rows.
    """
    return ask(labelled, {v.name: site for v in labelled.variables}, x)


def control_outcomes(
    questions: Questions, dictionaries: Mapping[str, Dictionary], generator: torch.Generator
) -> list[Outcome]:
    """The linear probe, and what dictionaries tell of labels that were dealt out anew."""
    methods: dict[str, Judged] = {
        PROBE: questions.of_probe(),
        SHUFFLED: questions.of_shuffled(dictionaries, generator),
    }
    return [
        Outcome("concepts", name, BESIDE[name], {"coverage": judged.mean}, judged.by_variable)
        for name, judged in methods.items()
    ]


def _outcome(
    name: str, questions: Questions, dictionary: Dictionary, fit: Mapping[str, float]
) -> Outcome:
    """Coverage by a dictionary of one encoder, beside its L0 and FVU."""
    judged = questions.of_dictionaries({dictionary.reads[0]: dictionary})
    role = BESIDE.get(name, "dictionary")
    return Outcome("concepts", name, role, {"coverage": judged.mean, **fit}, judged.by_variable)


def training_rows(model: LanguageModel, labelled: LabelledTokens) -> Tensor:
    """Tokens to train on: all that count (no special ones, not position 0) of texts that are not
    for the test."""
    from microtome.data.policy import TokenPolicy

    counts = TokenPolicy(skip_first=True, skip_special=True).counts(model, labelled.tokens)
    return counts.cpu() & ~labelled.test[:, None]


def nearest_read(dictionary: Dictionary, n_layers: int) -> int:
    """The encoder that reads nearest to the middle block."""

    def distance(encoder: int) -> int:
        layer = Site.parse(dictionary.reads[dictionary.sources[encoder][0]]).layer
        return abs((0 if layer is None else layer) - n_layers // 2)

    return min(range(len(dictionary.encoders)), key=distance)


def one_encoder(dictionary: Dictionary, encoder: int) -> Dictionary:
    """One encoder alone, with what it writes to the first of its sites, as an SAE of its read.

    Raises:
        MicrotomeError: it reads several sites.
    """
    sources = dictionary.sources[encoder]
    if len(sources) != 1:
        raise MicrotomeError(
            f"{dictionary.name} is a crosscoder, whose features belong to no one site; score an "
            f"SAE, a PLT or a CLT"
        )
    decoder = dictionary.decoders[encoder]
    site = dictionary.reads[sources[0]]
    return Dictionary(
        reads=(site,),
        writes=(site,),
        encoders=(dictionary.encoders[encoder],),
        decoders=(Decoder(decoder.weight[:, :1], (0,)),),
        biases=(dictionary.biases[decoder.targets[0]],),
        skips=(dictionary.skips[decoder.targets[0]],),
        name=dictionary.name,
    )
