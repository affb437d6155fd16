"""microtome serve: the viewer of folders of artifacts."""

import os
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)


def serve(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders with artifacts; nothing else is served.")
    ],
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Default: the first free one from 8300; 0: any."),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to bind; others than this machine need a token.")
    ] = "127.0.0.1",
    token: Annotated[
        str,
        typer.Option(
            envvar="MICROTOME_TOKEN",
            show_envvar=True,
            help="Asked of every request; made where needed.",
        ),
    ] = "",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="Another name under which the server is reached (repeatable)."),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(help="Of labels and notes: file or URL (annotations.sqlite in FOLDER)."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where new graphs go (FOLDER/traces).")
    ] = None,
    browser: Annotated[
        bool, typer.Option("--open/--no-browser", help="Open the viewer in the browser.")
    ] = True,
    json: Annotated[
        bool, typer.Option("--json", help="Print the address as one line of JSON.")
    ] = False,
) -> None:
    """Look at models, dictionaries, atlases, graphs and runs in the browser, until Ctrl-C."""
    from microtome.cli.progress import status

    # what lies in a served folder may name files on the hub; they are not fetched unasked
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with status("starting", quiet=json):
        from microtome.server import Address
        from microtome.server import serve as serve_folders

    def announce(address: Address) -> None:
        if json:
            typer.echo(_json(address))
        else:
            typer.echo(f"microtome is at {address.url}  (Ctrl-C ends it)")

    serve_folders(
        folders,
        host,
        port,
        token,
        database,
        out,
        allow_host or (),
        browser,
        started=announce,
    )


def _json(address) -> str:
    from json import dumps

    return dumps({"url": address.url, "host": address.host, "port": address.port})
