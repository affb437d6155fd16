"""One dictionary against labelled tokens: every encoder by the variables that it can know."""

import torch

from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site
from microtome.specimen.score.concepts import ask
from microtome.specimen.score.dictionaries import principal_dictionary, random_dictionary
from microtome.specimen.score.labelled import control_outcomes, nearest_read, one_encoder
from microtome.specimen.score.labels import LabelledTokens, activations_at, place
from microtome.specimen.score.matching import check_fits
from microtome.specimen.score.result import Outcome, Role, Scored
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
            labelled variable.
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
    if not questions.sides:
        raise MicrotomeError(
            f"no value of a variable of {truth.specimen} has enough labelled tokens to choose a "
            f"feature on some and measure it on others; label more texts"
        )
    own = {read[e]: one_encoder(dictionary, e) for e in read}
    rows = labelled.rows & ~labelled.test[:, None]
    made: list[tuple[str, Role, dict[str, Dictionary]]] = [(dictionary.name, "dictionary", own)]
    training = {site: x[site][rows] for site in own}
    k = {
        site: max(1, round(one.encode([training[site]])[0].n_active / max(len(training[site]), 1)))
        for site, one in own.items()
    }
    random = {
        site: random_dictionary(_as_sae(one), [training[site]], k[site], seed + 1000)
        for site, one in own.items()
    }
    principal = {site: principal_dictionary(training[site], site, k[site]) for site in own}
    made.append(("random dictionary", "random", random))
    made.append(("PCA", "method", principal))
    outcomes = []
    for name, role, by_site in made:
        judged = questions.of_dictionaries(by_site)
        figures = {"coverage": judged.mean, "l0": sum(k.values()) / len(k)}
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
    from dataclasses import replace

    from microtome.dictionary import Decoder

    n, d = dictionary.n_features[0], dictionary.d_in
    return replace(
        dictionary,
        decoders=(Decoder(torch.zeros(n, 1, d), (0,)),),
        biases=(torch.zeros(d),),
    )
