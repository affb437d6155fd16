"""Who comes in: every request passes here before any route sees it."""

from microtome.server.guard.guard import Guard

__all__ = ["Guard"]
