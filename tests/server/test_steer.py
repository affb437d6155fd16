"""Jobs of steering: both texts, tokens as they come, cancelled, the hook as a zip."""

import io
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from microtome.intervention.recipe import Recipe
from microtome.server.jobs import Handle
from microtome.server.schema import Steering, SteerJob
from microtome.server.services import Services
from tests.server.conftest import SUM
from tests.server.test_jobs import ended
from tests.server.test_routes import finished

JOB: dict[str, Any] = {
    "kind": "steer",
    "model": "specimen:adder",
    "dictionary": "specimen:adder",
    "prompt": SUM,
    "generation": {"max_new_tokens": 3},
}


def changed(how: str, value: float | None, feature: tuple[int, int] = (0, 1)) -> dict:
    return {
        "what": {"kind": "features", "features": [feature]},
        "how": how,
        "value": value,
        "positions": "all",
    }


def steered(client: TestClient, *interventions: dict) -> Steering:
    job = client.post("/api/jobs", json=JOB | {"interventions": interventions}).json()
    end = finished(client, job)
    assert end["state"] == "done", end
    texts = Steering.model_validate(client.get(f"/api/jobs/{end['id']}/result").json())
    for which in ("default", "steered"):
        new = getattr(texts, which).tokens[texts.n_prompt :]
        assert end["streamed"][which] == new
    return texts


def test_two_texts(client: TestClient):
    off = steered(client, changed("add", 0), changed("scale", 1, (1, 2)))
    assert off.default == off.steered
    assert off.default.tokens[:4] == ["<s>", "36", "+", "59"]
    assert off.default.tokens[off.n_prompt] == "95"
    assert [(f.encoder, f.feature) for f in off.features] == [(0, 1), (1, 2)]
    assert len(off.default.plain[1]) == len(off.default.tokens)
    pushed = steered(client, changed("add", 200, (2, 5)))
    assert pushed.default.tokens == off.default.tokens
    assert pushed.steered.tokens[: off.n_prompt] == off.default.tokens[: off.n_prompt]
    assert pushed.steered.tokens != off.default.tokens
    recipe = off.recipe
    assert isinstance(recipe, Recipe) and recipe.model.name == "specimen:adder"
    assert recipe.generation.max_new_tokens == 3


def test_what_the_dictionary_lacks(client: TestClient):
    job = client.post("/api/jobs", json=JOB | {"interventions": [changed("add", 1, (0, 10**6))]})
    end = finished(client, job.json())
    assert end["state"] == "failed"
    assert "feature L0/1000000 does not exist" in end["message"]
    assert end["streamed"] == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"interventions": [changed("add", None)]}, "add needs a value"),
        ({"interventions": [changed("boost", 1)]}, "how"),
        ({"generation": {"max_new_tokens": 0}}, "max_new_tokens"),
        ({"model": "none"}, "no"),
    ],
)
def test_requests_that_cannot_be(client: TestClient, change: dict, said: str):
    answer = client.post("/api/jobs", json=JOB | change)
    assert answer.status_code in (400, 404, 422)
    assert said in answer.json()["detail"]


def test_a_hook_is_a_zip(client: TestClient, tmp_path: Path):
    request = JOB | {"kind": "steer-hook", "interventions": [changed("scale", 3)]}
    del request["prompt"]
    end = finished(client, client.post("/api/jobs", json=request).json())
    answer = client.get(f"/api/jobs/{end['id']}/result")
    assert answer.headers["content-type"] == "application/zip"
    assert 'filename="steering.zip"' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert sorted(archive.namelist()) == [
            "steering/recipe.json",
            "steering/steering.py",
            "steering/steering.safetensors",
        ]
        recipe = Recipe.model_validate_json(archive.read("steering/recipe.json"))
    assert recipe.interventions[0].value == 3


def test_cancelling_stops_between_tokens(services: Services):
    """From the second token on."""
    request = SteerJob.model_validate(
        JOB | {"generation": {"max_new_tokens": 10}, "prompt": "1 + 1 = 2"}
    )
    _, work = services._workshop.prepare(request)
    second = threading.Event()
    told: list[str] = []

    def watched(handle: Handle):
        stream = handle.stream

        def then_cancel(name: str, token: str) -> None:
            stream(name, token)
            told.append(token)
            if len(told) == 2:
                services.jobs.cancel(id)
                second.set()

        handle.stream = then_cancel  # pyright: ignore[reportAttributeAccessIssue]
        begin.wait(5)
        return work(handle)

    begin = threading.Event()
    id = services.jobs.submit("steer", "", watched).id
    begin.set()
    assert ended(services.jobs, id).state == "cancelled"
    assert second.is_set() and len(told) == 2


def recipe_of(texts: Steering) -> dict[str, Any]:
    return texts.recipe.model_dump(mode="json")


def test_a_recipe_is_opened_as_it_was_saved(client: TestClient):
    head = {"what": {"kind": "head", "layer": 0, "head": 1}, "how": "scale", "value": 0.5}
    saved = recipe_of(steered(client, changed("add", 30, (2, 5)), head))
    answer = client.post("/api/jobs/recipe", json=saved)
    assert answer.status_code == 200, answer.text
    opened = answer.json()
    assert opened["recipe"] == saved
    for kind in ("model", "dictionary"):
        entry = client.get(f"/api/artifacts/{opened[kind]}").json()
        assert entry["name"].startswith("specimen:adder")
        assert entry["fingerprint"] == saved[kind]["fingerprint"]


def test_a_recipe_of_heads_is_for_any_dictionary(client: TestClient):
    head = {"what": {"kind": "head", "layer": 0, "head": 1}, "how": "ablate"}
    saved = recipe_of(steered(client, head))
    assert saved["dictionary"] is None
    assert client.post("/api/jobs/recipe", json=saved).json()["dictionary"] == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "notes"}, "the file is not a steering recipe"),
        ({"version": 2}, "written by a newer microtome (steering version 2)"),
        ({"interventions": [changed("add", None)]}, "interventions.0: add needs a value"),
        ({"interventions": [changed("add", 1)], "dictionary": None}, "names no dictionary"),
        ({"model": {"name": "other", "fingerprint": "0" * 16}}, "the model other"),
        ({"dictionary": {"name": "plt", "fingerprint": "0" * 16}}, "is not served"),
    ],
)
def test_recipes_that_cannot_be_opened(client: TestClient, change: dict, said: str):
    saved = recipe_of(steered(client)) | change
    answer = client.post("/api/jobs/recipe", json=saved)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]
    assert client.post("/api/jobs/recipe", json=[saved]).status_code == 422
