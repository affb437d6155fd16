"""Does a dictionary fit the model that it is to be evaluated on?"""

import torch

from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.evaluation.models import Models
from microtome.evaluation.splice import splice_edits


def check_fits(models: Models, dictionary: Dictionary, any_model: bool = False) -> None:
    """Refuse a dictionary of another model, or of sites that this model does not have.

    Raises:
        MicrotomeError: fingerprints differ and `any_model` is off, a site does not exist, its
            width is not the dictionary's, or weights are not finite.
    """
    dictionary.check_finite()
    names = [*dictionary.reads, *dictionary.writes]
    for name in names:
        model, site = models.owner(name)
        if site.kind == "attn.pattern":
            raise MicrotomeError(f"{dictionary.name}: {name} holds no activation vectors")
        model.check_site(site)
    found = models.capture(torch.zeros(1, 1, dtype=torch.long, device=models.device), names)
    for i, name in enumerate(names):
        width = found[name].shape[-1]
        expected = dictionary.d_in if i < len(dictionary.reads) else dictionary.d_out
        if width != expected:
            raise MicrotomeError(
                f"{dictionary.name} has width {expected} at {name}, but "
                f"{models.owner(name)[0].name} has {width}; it is a dictionary of another model"
            )
    model = models.model
    if dictionary.model and dictionary.model != model.fingerprint and not any_model:
        raise MicrotomeError(
            f"{dictionary.name} was trained on a model with fingerprint {dictionary.model}, but "
            f"{model.name} has {model.fingerprint}; pass that model, or --any-model "
            f"(any_model=True in Python) if the difference is meant"
        )


def unspliceable(models: Models, dictionary: Dictionary) -> str | None:
    """Why a written site cannot be spliced, or None."""
    nothing = torch.zeros(1, 1, dictionary.d_out)
    for write in dictionary.writes:
        try:
            site = models.owner(write)[1]
            splice_edits(site, nothing, nothing, torch.ones(1, 1, dtype=torch.bool))
        except MicrotomeError as error:
            return str(error)
    return None
