"""Everything behind the routes, made once for a server."""

from typing import Any

from microtome.artifact.json_file import read_json, read_json_value
from microtome.artifact.names import EVALUATION, REPORT
from microtome.errors import MicrotomeError
from microtome.server.atlases import Atlases
from microtome.server.given import GivenLabels
from microtome.server.graphs import Graphs
from microtome.server.jobs import JobQueue
from microtome.server.jobs.work import Request, Workshop
from microtome.server.labels import Labels
from microtome.server.library import ArtifactLibrary, entry_id
from microtome.server.notebook import Notebook
from microtome.server.occurrences import Occurrences
from microtome.server.runs import (
    is_active,
    read_metrics,
    run_dictionaries,
    run_recipe,
    run_steps,
)
from microtome.server.schema import Job, Metrics, RunInfo
from microtome.server.settings import Settings


class Services:
    """The library, annotations, atlases, graphs, runs, evaluations, studies and jobs."""

    def __init__(self, settings: Settings):
        """Open the folders and the database.

        Raises:
            MicrotomeError: a folder or a database that cannot be opened.
        """
        self.library = ArtifactLibrary(settings.folders, settings.out, settings.specimens)
        self.notebook = Notebook(self.library.roots.folders[0], settings.database)
        given = GivenLabels(self.library, self.notebook)
        self.atlases = Atlases(self.library, given)
        self.labels = Labels(self.atlases, given)
        self.graphs = Graphs(self.library, self.labels, self.atlases)
        self.occurrences = Occurrences(self.library, self.atlases)
        self.jobs = JobQueue(settings.limits)
        self._workshop = Workshop(self.library, self.labels)

    def submit(self, request: Request) -> Job:
        """Queue a job.

        Raises:
            MicrotomeError: a request that cannot be met, or a full queue.
        """
        title, work = self._workshop.prepare(request)
        return self.jobs.submit(request.kind, title, work)

    def run_info(self, id: str) -> RunInfo:
        """A training run.

        Raises:
            MicrotomeError: no such run, or its recipe cannot be read.
        """
        found = self.library.find(id, "run")
        step, steps = run_steps(found.path)
        dictionaries = [entry_id(path) for path in run_dictionaries(found.path)]
        finished = bool(steps) and step >= steps
        return RunInfo(
            id=id,
            recipe=run_recipe(found.path),
            steps=steps,
            step=step,
            finished=finished,
            active=not finished and is_active(found.path),
            dictionaries=dictionaries,
            evaluations=[],
        ).model_copy(update={"evaluations": self._evaluations_of(dictionaries)})

    def metrics(self, id: str, start: int) -> Metrics:
        """Metrics of a run from a byte on.

        Raises:
            MicrotomeError: no such run, or they cannot be read.
        """
        return read_metrics(self.library.find(id, "run").path, start)

    def evaluation(self, id: str) -> list[dict[str, Any]]:
        """The content of an evaluation.

        Raises:
            MicrotomeError: no such evaluation, or it cannot be read.
        """
        path = self.library.find(id, "evaluation").path / EVALUATION
        content = read_json_value(path)
        if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
            raise MicrotomeError(f"{path.name} is not a list of evaluations; evaluate again")
        return content

    def report(self, id: str) -> bytes:
        """The page of a study.

        Raises:
            MicrotomeError: no such study, or its page cannot be read.
        """
        path = self.library.find(id, "study").path / REPORT
        try:
            return path.read_bytes()
        except OSError as error:
            raise MicrotomeError(f"{path.name} cannot be read: {error.strerror}") from error

    def close(self) -> None:
        """Stop jobs and threads; idempotent."""
        self.jobs.close()
        self.library.close()
        self.notebook.close()

    def _evaluations_of(self, dictionaries: list[str]) -> list[Any]:
        """Evaluations of any of these dictionaries, by the fingerprints in their manifests."""
        scan = self.library.scan()
        entries = [self.library.entry(scan[id]) for id in dictionaries if id in scan]
        prints = {entry.fingerprint for entry in entries} - {""}
        found = [one for one in scan.values() if one.entry.kind == "evaluation"]
        return [one.entry for one in found if not one.entry.problem and prints & _inputs(one.path)]


def _inputs(folder) -> set[str]:
    inputs = read_json(folder / "manifest.json").get("inputs", {})
    return {value for key, value in inputs.items() if key.startswith("dictionary")}
