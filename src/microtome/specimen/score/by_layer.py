"""One dictionary against labelled tokens: every encoder by the variables that it can know."""

from dataclasses import replace

import torch

from microtome.dictionary import Decoder, Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site
from microtome.specimen.score.concepts import ask
from microtome.specimen.score.dictionaries import baselines
from microtome.specimen.score.labelled import control_outcomes, nearest_read, one_encoder
from microtome.specimen.score.labels import LabelledTokens, activations_at, place
from microtome.specimen.score.matching import check_fits
from microtome.specimen.score.result import BESIDE, Outcome, Scored, distinct, mean_figures
from microtome.specimen.score.synthetic import active_features
from microtome.specimen.truth import ENDS, Truth


def score_encoders(
    dictionary: Dictionary,
    model: LanguageModel,
    truth: Truth,
    labelled: LabelledTokens,
    seed: int,
) -> Scored:
    """Coverage of every variable by the encoder that `encoder_of` names, beside the baselines.

    Raises:
        MicrotomeError: the dictionary does not fit the model, or reads no site that holds a
            labelled variable, or too few tokens are labelled.
    """
    check_fits(model, dictionary)
    at = encoder_of(dictionary, truth, labelled, model.n_layers)
    if not at:
        raise MicrotomeError(
            f"{dictionary.name} reads no site at which a labelled variable of {truth.specimen} is "
            f"written or later; score a dictionary of {', '.join(sorted(places(labelled)))}"
        )
    read = {e: dictionary.reads[dictionary.sources[e][0]] for e in set(at.values())}
    x = activations_at(model, labelled.tokens, list(read.values()))
    questions = ask(labelled, {name: read[e] for name, e in at.items()}, x)
    own = {read[e]: one_encoder(dictionary, e) for e in read}
    training = {site: x[site][labelled.training_rows] for site in own}
    k = {
        site: max(1, round(one.encode([training[site]])[0].n_active / max(len(training[site]), 1)))
        for site, one in own.items()
    }
    made = {distinct(dictionary.name): own}
    for site, one in own.items():
        for name, beside in baselines(_as_sae(one), training[site], k[site], seed).items():
            made.setdefault(name, {})[site] = beside
    outcomes = []
    for name, by_site in made.items():
        judged = questions.of_dictionaries(by_site)
        fits = [active_features(d, x[site][labelled.test_rows]) for site, d in by_site.items()]
        figures = {"coverage": judged.mean} | mean_figures(fits)
        role = BESIDE.get(name, "dictionary")
        outcomes.append(Outcome("concepts", name, role, figures, judged.by_variable))
    outcomes += control_outcomes(questions, own, torch.Generator().manual_seed(seed))
    return Scored(truth.specimen, tuple(outcomes), {"concepts": {"coverage": questions.chance}})


def encoder_of(
    dictionary: Dictionary, truth: Truth, labelled: LabelledTokens, n_layers: int
) -> dict[str, int]:
    """By variable, the encoder that is asked for it.

    The first that reads where the variable is written or later; none for those of the logits.
    Where nobody knows where it is written, in a model of a world: the one that reads nearest to
    the middle.
    """
    if truth.kind == "world":
        middle = nearest_read(dictionary, n_layers)
        return {variable.name: middle for variable in labelled.variables}
    reads = [
        (place(dictionary.reads[sources[0]], n_layers), e)
        for e, sources in enumerate(dictionary.sources)
    ]
    found = {}
    for variable in labelled.variables:
        written = place(variable.site, n_layers)
        later = [(at, e) for at, e in reads if at >= written]
        if later:
            found[variable.name] = min(later)[1]
    return found


def places(labelled: LabelledTokens) -> set[str]:
    """Sites of a model at which labelled variables are written."""
    return {str(Site.parse(v.site)) for v in labelled.variables if v.site not in ENDS}


def _as_sae(dictionary: Dictionary) -> Dictionary:
    """A dictionary of the same shape whose decoder has the width of what it reads."""
    n, d = dictionary.n_features[0], dictionary.d_in
    return replace(
        dictionary,
        decoders=(Decoder(torch.zeros(n, 1, d), (0,)),),
        biases=(torch.zeros(d),),
        skips=(None,),
    )
