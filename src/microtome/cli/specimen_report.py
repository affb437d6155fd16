"""microtome specimen report: what a trained specimen has learned."""

from pathlib import Path
from typing import Annotated

import typer

from microtome.errors import MicrotomeError


def register(group: typer.Typer) -> None:
    group.command("report")(report)


def report(
    name: Annotated[str, typer.Argument(help="Which specimen: clerk.")] = "clerk",
    stage: Annotated[
        list[str] | None, typer.Option("--stage", help="Of its stages; may repeat.")
    ] = None,
    models: Annotated[
        Path | None,
        typer.Option("--models", "-m", help="Folder of specimen build clerk, not the bundled."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the JSON object to a file too.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page to an .html file too.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
) -> None:
    """Every behaviour of the clerk's stages, measured on items that none was trained on, beside
    what is expected."""
    import json as writer

    from microtome.artifact.whole import whole_file
    from microtome.cli.console import stdout
    from microtome.cli.progress import stage_bar
    from microtome.specimen.clerk.page import page
    from microtome.specimen.clerk.report import as_json, report_stages, stage_folders
    from microtome.specimen.clerk.show import print_reports
    from microtome.specimen.entry import PREFIX
    from microtome.specimen.registry import find_specimen

    if name.removeprefix(PREFIX) != "clerk":
        raise MicrotomeError(f"{find_specimen(name).name} has no stages to report on; clerk has")
    _check_files(out, html, force)
    folders = stage_folders(models, stage or ())
    with stage_bar() as advance:
        reports = report_stages(folders, lambda done: advance("stages", done, len(folders)))
    line = writer.dumps(as_json(reports))
    if out is not None:
        whole_file(out, line + "\n")
    if html is not None:
        whole_file(html, page(reports))
    if json:
        typer.echo(line)
        return
    print_reports(reports, stdout())


def _check_files(out: Path | None, html: Path | None, force: bool) -> None:
    """Before minutes of measuring.

    Raises:
        MicrotomeError: a file that cannot be, or that exists and may not be replaced.
    """
    if out is not None and out.is_dir():
        raise MicrotomeError(f"{out} is a folder; name a file for the JSON object")
    if html is not None and (html.is_dir() or html.suffix not in (".html", ".htm")):
        raise MicrotomeError(f"output {html} is not a name for a page, such as clerk.html")
    if out is not None and html is not None and out.absolute() == html.absolute():
        raise MicrotomeError(f"--out and --html both name {out}; give each a file of its own")
    for path in (out, html):
        if path is not None and path.exists() and not force:
            raise MicrotomeError(f"output file {path} exists; pass --force to replace it")
