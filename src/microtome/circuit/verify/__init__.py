"""Testing graphs on the real model: what they predict against what interventions do."""

from microtome.circuit.verify.document import Verification, VerifyOptions
from microtome.circuit.verify.measure import MODES, Change, bench
from microtome.circuit.verify.predict import predict
from microtome.circuit.verify.verify import verify

__all__ = ["MODES", "Change", "Verification", "VerifyOptions", "bench", "predict", "verify"]
