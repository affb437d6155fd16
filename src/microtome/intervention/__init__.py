"""What may be changed in a run. So far: direct effects, the test of exactness."""

from microtome.intervention.direct import HeldRun, direct_effect, hold

__all__ = ["HeldRun", "direct_effect", "hold"]
