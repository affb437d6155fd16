"""Steering: sliders change what is generated, and off is exactly the model's own text."""

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

import microtome as mt
from microtome.intervention import (
    Direction,
    Features,
    Generation,
    Head,
    Intervention,
    load_recipe,
    save_recipe,
    steering_recipe,
)
from microtome.server import RunningServer, Settings
from tests.browser.adder_atlas import atlas_id, get, liveliest
from tests.browser.conftest import Complaints, Served, Shot
from tests.conftest import SHARED

JOB_MS = 90_000
SAME = "Both texts are the same, token by token."
DIFFERENT = "What the other text lacks is underlined."


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory, built: Path) -> Iterator[Served]:
    """A server of stories260K and a dictionary of it."""
    model, dictionary = (
        SHARED / "models" / "stories260K",
        SHARED / "fixtures" / "circuit-tracer-plt",
    )
    if not (model.is_dir() and dictionary.is_dir()):
        pytest.skip(f"stories260K and its dictionary are not in {SHARED}")
    folder = tmp_path_factory.mktemp("stories")
    shutil.copytree(model, folder / "stories260K")
    shutil.copytree(dictionary, folder / "plt")
    with RunningServer(Settings(folders=(folder,), specimens=False)) as server:
        yield Served(server.address.url, folder)


def only(served: Served, kind: str, name: str = "") -> str:
    """Id of the first entry of a kind whose name contains something."""
    entries = get(served, "library")["entries"]
    return next(e["id"] for e in entries if e["kind"] == kind and name in e["name"])


def address(served: Served, model: str, dictionary: str, **query: object) -> str:
    return served.page(f"#/steer?{urlencode({'model': model, 'dictionary': dictionary} | query)}")


def adder(served: Served, **query: object) -> str:
    model = only(served, "model", "specimen:adder")
    return address(served, model, only(served, "dictionary", "specimen:adder/clt"), **query)


def text(page: Page, which: str) -> Locator:
    return page.get_by_role("group", name=f"Tokens of the {which} text")


def said(page: Page, sentence: str) -> None:
    expect(page.locator(".steer-same")).to_have_text(sentence, timeout=JOB_MS)


def test_the_slider_changes_what_the_adder_answers(served: Served, page: Page, shot: Shot):
    page.goto(adder(served))
    expect(page.get_by_role("textbox", name="Prompt")).to_be_focused()
    expect(page.get_by_text("Nothing is changed yet")).to_be_visible()
    shot("steer-empty")
    page.get_by_role("spinbutton", name="New tokens").fill("3")
    page.keyboard.press("Tab")
    page.get_by_role("textbox", name="Prompt").fill("36 + 59 =")
    page.get_by_role("textbox", name="Prompt").press("Enter")
    said(page, SAME)
    expect(text(page, "default")).to_contain_text("36 + 59 = 95")
    find = page.get_by_role("combobox", name="Add a feature or a head")
    find.fill("L2/5")
    find.press("Enter")
    row = page.get_by_role("listitem", name="L2/5")
    expect(row.get_by_role("checkbox", name="L2/5 is on")).to_be_checked()
    said(page, SAME)
    row.get_by_role("slider").press("End")
    said(page, DIFFERENT)
    first = text(page, "steered").inner_text()
    assert first != text(page, "default").inner_text()
    assert "95" in text(page, "default").inner_text()
    expect(text(page, "steered").locator(".changed").first).to_be_visible()
    row.get_by_role("checkbox").uncheck()
    said(page, SAME)
    assert text(page, "steered").inner_text() == text(page, "default").inner_text()
    row.get_by_role("checkbox").check()
    said(page, DIFFERENT)
    assert text(page, "steered").inner_text() == first
    row.get_by_role("combobox").select_option("scale")
    expect(row.get_by_role("spinbutton")).to_have_value("1")
    said(page, SAME)
    row.get_by_role("combobox").select_option("clamp")
    row.get_by_role("spinbutton").fill("60")
    said(page, DIFFERENT)
    expect(page).to_have_url(re.compile(r"changes=2%2F5%3D60"))
    page.reload()
    said(page, DIFFERENT)
    expect(page.get_by_role("spinbutton", name="New tokens")).to_have_value("3")


def test_features_found_by_label_and_seen_on_tokens(served: Served, page: Page, shot: Shot):
    page.goto(adder(served, prompt="36 + 59 =", tokens=4, positions="prompt"))
    said(page, SAME)
    rows = [row for row in liveliest(served, atlas_id(served), 40) if row["label"]][:3]
    find = page.get_by_role("combobox", name="Add a feature or a head")
    for row in rows:
        find.fill(row["label"])
        found = page.get_by_role("listbox", name="Found").get_by_role("option")
        expect(found.first).to_contain_text(row["label"], timeout=JOB_MS)
        find.press("Enter")
    items = page.get_by_role("listitem").filter(has=page.get_by_role("slider"))
    expect(items).to_have_count(3)
    for i, value in enumerate(("12", "-9", "30")):
        items.nth(i).get_by_role("spinbutton").fill(value)
    said(page, DIFFERENT)
    found = page.get_by_role("region", name="Activations")
    expect(found.get_by_role("img")).to_have_count(6)
    text(page, "steered").locator(".token").nth(4).hover()
    expect(found.locator(".steer-spot")).to_contain_text("position 4 of the steered text")
    expect(found.locator(".steer-values").first).to_contain_text(re.compile("without.*with"))
    for dark in (False, True):
        shot("steer", dark=dark)
        shot("steer", dark=dark, width=2560)
    text(page, "default").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(found.locator(".steer-spot")).to_contain_text("position 1 of the default text")


def test_the_recipe_and_the_hook_are_saved(served: Served, page: Page, tmp_path: Path):
    page.goto(adder(served, prompt="7 + 8 =", tokens=2, features="2/5+400", positions="-1"))
    said(page, DIFFERENT)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save recipe").click()
    download.value.save_as(tmp_path / "recipe.json")
    recipe = load_recipe(tmp_path / "recipe.json")
    assert recipe.interventions[0].value == 400
    assert recipe.interventions[0].positions == (-1,)
    assert recipe.generation.max_new_tokens == 2
    with page.expect_download(timeout=JOB_MS) as download:
        page.get_by_role("button", name="Export hook").click()
    download.value.save_as(tmp_path / "steering.zip")
    with zipfile.ZipFile(tmp_path / "steering.zip") as archive:
        assert {"steering/steering.py", "steering/steering.safetensors"} < set(archive.namelist())
        assert json.loads(archive.read("steering/recipe.json"))["format"] == "microtome steering"


@pytest.fixture(scope="module")
def recipe_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A feature, a head, and what has no slider."""
    model, clt = mt.load_model("specimen:adder"), mt.load_dictionary("specimen:adder")
    width = Direction(site="blocks.1.resid.post", vector=(0.25,) * 64)
    changed = [
        Intervention(what=Features.of((2, 5)), how="add", value=200, positions="prompt"),
        Intervention(what=width, how="add", value=0.125, positions="generated"),
        Intervention(what=Head(layer=1, head=0), how="scale", value=0.25, positions="prompt"),
    ]
    path = tmp_path_factory.mktemp("recipes") / "recipe.json"
    generation = Generation(max_new_tokens=3, seed=7)
    save_recipe(steering_recipe(model, clt, changed, generation, "pushes the sum up"), path)
    return path


def test_a_recipe_is_opened_switched_off_and_saved_again(
    served: Served, page: Page, shot: Shot, recipe_file: Path, tmp_path: Path
):
    page.goto(adder(served, prompt="36 + 59 =", tokens=2))
    said(page, SAME)
    page.get_by_label("Recipe file").set_input_files(recipe_file)
    switches = page.get_by_role("region", name="Changes").get_by_role("checkbox")
    expect(switches).to_have_count(3)
    expect(page.get_by_role("spinbutton", name="New tokens")).to_have_value("3")
    expect(page.get_by_role("slider", name="scale head 1.0")).to_have_value("0.25")
    direction = page.get_by_role("listitem", name="a direction at blocks.1.resid.post")
    expect(direction).to_contain_text("add 0.125, generated tokens")
    said(page, DIFFERENT)
    shot("steer-recipe")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save recipe").click()
    download.value.save_as(tmp_path / "recipe.json")
    opened, saved = load_recipe(recipe_file), load_recipe(tmp_path / "recipe.json")
    assert saved.interventions == opened.interventions
    assert (saved.generation, saved.notes) == (opened.generation, opened.notes)
    assert saved.model.fingerprint == opened.model.fingerprint
    assert saved.dictionary and opened.dictionary
    assert saved.dictionary.fingerprint == opened.dictionary.fingerprint
    for i in range(3):
        switches.nth(i).uncheck()
    said(page, SAME)
    assert text(page, "steered").inner_text() == text(page, "default").inner_text()
    assert "95" in text(page, "default").inner_text()
    page.reload()
    expect(page.get_by_text("open its recipe again")).to_be_visible()


def test_a_wrong_file_leaves_the_page_as_it_is(
    served: Served, page: Page, complaints: Complaints, recipe_file: Path
):
    complaints.allow("400")
    page.goto(adder(served, changes="2/5+3,h0.1*0.5"))
    rows = page.get_by_role("region", name="Changes").get_by_role("checkbox")
    other = json.loads(recipe_file.read_text())
    other["model"]["fingerprint"] = "0" * 16
    files = {
        "text.json": ("no JSON", "text.json: this is no JSON"),
        "list.json": ("[]", "list.json: this is no recipe"),
        "notes.json": ('{"a": 1}', "not a steering recipe"),
        "other.json": (json.dumps(other), "is not served"),
    }
    for name, (content, sentence) in files.items():
        file = {"name": name, "mimeType": "application/json", "buffer": content.encode()}
        page.get_by_label("Recipe file").set_input_files(file)
        expect(page.get_by_role("alert")).to_contain_text(sentence)
        expect(rows).to_have_count(2)


def test_a_recipe_is_dropped(served: Served, page: Page, recipe_file: Path):
    page.goto(adder(served))
    expect(page.get_by_text("Nothing is changed yet")).to_be_visible()
    page.evaluate(
        """content => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([content], 'recipe.json'));
            document.body.dispatchEvent(
                new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
        }""",
        recipe_file.read_text(),
    )
    expect(page.get_by_role("listitem", name="head 1.0")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Nothing is changed yet")).to_be_visible()


def test_a_head_is_added_by_its_name(served: Served, page: Page):
    page.goto(adder(served, prompt="36 + 59 =", tokens=3))
    said(page, SAME)
    find = page.get_by_role("combobox", name="Add a feature or a head")
    find.fill("1.0")
    expect(page.get_by_role("option", name="head 1.0")).to_be_visible()
    find.press("Enter")
    said(page, SAME)
    slider = page.get_by_role("slider", name="scale head 1.0")
    expect(slider).to_have_value("1")
    slider.press("Home")
    expect(page).to_have_url(re.compile(r"changes=h1\.0\*0&|changes=h1\.0\*0$"))


def test_a_feature_that_is_not_there(
    served: Served, page: Page, shot: Shot, complaints: Complaints
):
    complaints.allow("404")
    page.goto(adder(served, prompt="7 + 8 =", tokens=2, features="1/999999+3"))
    expect(page.locator(".job-failed")).to_contain_text(
        "feature L1/999999 does not exist", timeout=JOB_MS
    )
    shot("steer-failed")
    page.get_by_role("button", name="Remove L1/999999").click()
    said(page, SAME)
    page.get_by_role("textbox", name="Prompt").fill("hello")
    page.get_by_role("textbox", name="Prompt").press("Enter")
    expect(page.locator(".job-failed")).to_contain_text("vocabulary", timeout=JOB_MS)


def test_from_a_feature_and_from_the_bar(served: Served, page: Page):
    row = liveliest(served, atlas_id(served))[0]
    page.goto(served.page(f"#/atlas/{atlas_id(served)}/{row['encoder']}/{row['feature']}"))
    page.get_by_role("link", name="Steer with this").click()
    expect(page.get_by_role("listitem", name=row["name"])).to_be_visible()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Steer").click()
    expect(page.get_by_text("Nothing is changed yet")).to_be_visible()


def test_stories(stories: Served, page: Page, shot: Shot):
    model, dictionary = only(stories, "model"), only(stories, "dictionary")
    query = {"prompt": "Once upon a time", "temperature": 0.8, "seed": 3, "tokens": 40}
    page.goto(address(stories, model, dictionary, **query))
    said(page, SAME)
    own = text(page, "default").inner_text()
    assert text(page, "steered").inner_text() == own
    find = page.get_by_role("combobox", name="Add a feature or a head")
    find.fill("2/7")
    find.press("Enter")
    row = page.get_by_role("listitem", name="L2/7")
    row.get_by_role("slider").fill("10")
    said(page, DIFFERENT)
    assert text(page, "default").inner_text() == own
    assert text(page, "steered").inner_text() != own
    shot("steer-stories")
    row.get_by_role("slider").fill("0")
    said(page, SAME)
    assert text(page, "steered").inner_text() == own


def test_a_long_text_streams_and_is_cancelled(stories: Served, page: Page, shot: Shot):
    model, dictionary = only(stories, "model"), only(stories, "dictionary")
    query = {"prompt": "Once upon a time", "temperature": 0.8, "tokens": 450, "features": "1/3+5"}
    page.goto(address(stories, model, dictionary, **query))
    panel = page.get_by_role("region", name="Default text")
    expect(panel.locator(".steer-text > span").nth(12)).to_be_visible(timeout=JOB_MS)
    shot("steer-streaming")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled.")).to_be_visible(timeout=JOB_MS)
    expect(page.locator(".steer-same")).to_have_count(0)
