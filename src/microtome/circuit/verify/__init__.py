"""Testing graphs on the real model: what they predict against what interventions do."""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.circuit.verify.document import Verification, VerifyOptions
    from microtome.circuit.verify.keep import load_verification, save_verification
    from microtome.circuit.verify.measure import MODES, Change, bench
    from microtome.circuit.verify.predict import predict
    from microtome.circuit.verify.verify import verify

__all__ = ["MODES", "Change", "Verification", "VerifyOptions", "bench", "load_verification"]
__all__ += ["predict", "save_verification", "verify"]

lazy_face(
    __name__,
    {
        "document": "Verification VerifyOptions",
        "keep": "load_verification save_verification",
        "measure": "MODES Change bench",
        "predict": "predict",
        "verify": "verify",
    },
)
