"""The harness notices what it is there to notice."""

from playwright.sync_api import Page

from tests.browser.conftest import Complaints, Shot


def test_errors_of_a_page_are_noticed(page: Page, complaints: Complaints):
    page.goto("data:text/html,<title>x</title><body>ok")
    assert complaints.left() == []
    page.evaluate("console.error('wrong')")
    page.evaluate("setTimeout(() => { throw new Error('broken') })")
    page.wait_for_timeout(50)
    assert [said.split(":")[0] for said in complaints.left()] == ["console", "exception"]
    complaints.allow("wrong")
    complaints.allow("broken")
    assert complaints.left() == []


def test_a_request_to_another_machine_is_noticed(page: Page, complaints: Complaints):
    page.route("**/*", lambda route: route.fulfill(body="ok"))
    page.goto("http://127.0.0.1:9/")
    assert complaints.left() == []
    page.evaluate("fetch('http://example.test/', { mode: 'no-cors' })")
    page.wait_for_timeout(50)
    assert complaints.left() == ["request to another machine: http://example.test/"]
    complaints.allow("example.test")


def test_screenshots_are_kept(page: Page, shot: Shot, tmp_path, monkeypatch):
    monkeypatch.setattr("tests.browser.conftest.SHOTS", tmp_path)
    page.set_content("<body>a picture</body>")
    path = shot("picture", width=2560, dark=True)
    assert path == tmp_path / "picture-dark-2560.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert page.viewport_size == {"width": 1280, "height": 800}
