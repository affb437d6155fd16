"""Options of the clerk's world as a command line gives them."""

from collections.abc import Sequence

from microtome.errors import MicrotomeError
from microtome.specimen.clerk.world.options import RANGES, WorldOptions, check_option
from microtome.specimen.registry import nearest
from microtome.training.load import toml_value


def read_world_options(settings: Sequence[str], seed: int = 0) -> WorldOptions:
    """Options from `key=value` settings.

    Args:
        settings: such as `cities=60`.
        seed: of the world, where no setting says another.

    Raises:
        MicrotomeError: no setting, an unknown key (names the nearest), or a value out of range.
    """
    values: dict = {"seed": seed}
    for setting in settings:
        key, equals, text = (part.strip() for part in setting.partition("="))
        if not equals or not key:
            raise MicrotomeError(f"--set {setting}: expected key=value")
        if key not in RANGES:
            raise MicrotomeError(f"--set {setting}: unknown key; {nearest(key, RANGES)}")
        values[key] = toml_value(text)
        check_option(key, values[key])
    return WorldOptions(**values)
