"""Training curves: finished, and as they grow."""

import json
import re
import shutil
from pathlib import Path

from playwright.sync_api import Page, expect

from microtome.server import RunningServer, Settings
from microtome.server.library import entry_id
from tests.browser.conftest import Served, Shot


def test_curves_recipe_and_values(served: Served, page: Page, shot: Shot):
    page.goto(served.page(f"#/run/{served.id('runs/tiny')}"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Training of plt")
    expect(page.get_by_text("step 60 of 60")).to_be_visible()
    fvu = page.get_by_role("region", name=re.compile("^FVU"))
    expect(fvu.locator("path.series")).to_have_count(4)
    fvu.get_by_role("img").focus()
    page.keyboard.press("ArrowRight")
    expect(fvu.get_by_role("status")).to_have_text(re.compile(r"^step \d+$"))
    fvu.get_by_role("button", name=re.compile(r"^blocks\.0")).click()
    expect(fvu.locator("path.series")).to_have_count(3)
    axis = fvu.get_by_role("button", name="log")
    pressed = axis.get_attribute("aria-pressed")
    axis.click()
    expect(axis).to_have_attribute("aria-pressed", "false" if pressed == "true" else "true")
    page.get_by_role("combobox", name=re.compile("^Over")).select_option("tokens")
    expect(page.get_by_role("img", name=re.compile("over tokens")).first).to_be_visible()
    expect(page.get_by_role("region", name="Recipe")).to_contain_text("learning_rate")
    for dark in (False, True):
        shot("run", dark=dark)
        shot("run", dark=dark, width=2560)


def test_a_run_that_goes_on_grows_by_itself(
    served: Served, built: Path, tmp_path: Path, page: Page, shot: Shot
):
    run = tmp_path / "going"
    run.mkdir()
    shutil.copy(served.folder / "runs" / "tiny" / "recipe.json", run)
    rows = (served.folder / "runs" / "tiny" / "metrics.jsonl").read_text().splitlines(True)
    metrics = run / "metrics.jsonl"
    metrics.write_text("".join(rows[:4]))
    with RunningServer(Settings(folders=(tmp_path,))) as server:
        page.goto(f"{server.address.url}#/run/{entry_id(run)}")
        expect(page.get_by_text("training", exact=True)).to_be_visible()
        expect(page.get_by_text("step 20 of 60")).to_be_visible()
        shot("run-training")
        with metrics.open("a") as file:
            file.write("".join(rows[4:6]))
        last = json.loads(rows[5])["step"]
        expect(page.get_by_text(f"step {last} of 60")).to_be_visible()
