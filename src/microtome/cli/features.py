"""Features as options name them, and words for them."""

from typing import TYPE_CHECKING, Any

from microtome.errors import MicrotomeError

if TYPE_CHECKING:
    from microtome.dictionary import Dictionary


def parse_features(dictionary: "Dictionary", text: str) -> list[tuple[int, int]]:
    """Encoder and feature of each name in `L2/914,L1/3`; a number alone will do where there is
    one encoder.

    Raises:
        MicrotomeError: not a name, or no such feature.
    """
    from microtome.atlas.content import encoder_contents
    from microtome.atlas.names import parse_encoders
    from microtome.intervention.changes import check_feature

    names = [part for part in text.split(",") if part.strip()]
    if not names:
        raise MicrotomeError("name a feature, for example L2/914")
    encoders = encoder_contents(dictionary)
    found = list(dict.fromkeys(parse_encoders(encoders, name, dictionary.name) for name in names))
    for encoder, feature in found:
        check_feature(dictionary, encoder, feature)
    return found


def feature_labels(atlas: str | None, dictionary: "Dictionary") -> Any:
    """Words for features: of the atlas named, or of a specimen's own.

    Raises:
        MicrotomeError: the atlas named is of another dictionary.
    """
    from microtome.specimen import load_atlas
    from microtome.specimen.load import PREFIX

    if atlas is None and not dictionary.name.startswith(PREFIX):
        return lambda encoder, feature: ""
    opened = load_atlas(atlas or "specimen:adder")
    if opened.dictionary_fingerprint not in ("", dictionary.fingerprint):
        if atlas is None:
            return lambda encoder, feature: ""
        raise MicrotomeError(f"{atlas} is not an atlas of {dictionary.name}")
    return lambda encoder, feature: opened.row(encoder, feature).label
