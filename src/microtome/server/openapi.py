"""The OpenAPI description, from which the viewer's types are made: `python -m` prints it."""

import json
from typing import Any

from microtome.server.app import describe_only


def document() -> dict[str, Any]:
    """The description of the server, the same on every machine."""
    return describe_only().openapi()


def main() -> None:
    print(json.dumps(document(), indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
