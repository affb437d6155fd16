"""Does a dictionary fit the model of which an atlas is to be made?"""

from microtome.data.harvest import OTHER
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site


def check_fits(
    model: LanguageModel,
    dictionary: Dictionary,
    other: LanguageModel | None = None,
    any_model: bool = False,
) -> None:
    """Refuse a dictionary of another model, or of sites that this model does not have.

    Raises:
        MicrotomeError: a site that does not exist or is one of a second model where none is
            given, fingerprints that differ and `any_model` is off, or weights that are not
            finite.
    """
    dictionary.check_finite()
    for name in (*dictionary.reads, *dictionary.writes):
        owner = model
        if name.startswith(OTHER):
            if other is None:
                raise MicrotomeError(
                    f"{dictionary.name} reads {name}, a site of a second model, but none is given; "
                    f"pass --other (other=model in Python)"
                )
            owner = other
        owner.check_site(Site.parse(name.removeprefix(OTHER)))
    if dictionary.model and dictionary.model != model.fingerprint and not any_model:
        raise MicrotomeError(
            f"{dictionary.name} was trained on a model with fingerprint {dictionary.model}, but "
            f"{model.name} has {model.fingerprint}; pass that model, or --any-model "
            f"(any_model=True in Python) if the difference is meant"
        )


def check_width(dictionary: Dictionary, width: int, site: str) -> None:
    """Refuse activations of another width than the encoders read.

    Raises:
        MicrotomeError: names the site and both widths.
    """
    if width != dictionary.d_in:
        raise MicrotomeError(
            f"{dictionary.name} has width {dictionary.d_in} at {site}, but the model has {width}; "
            f"it is a dictionary of another model"
        )
