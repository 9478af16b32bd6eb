"""The page in a browser: dropped, painted, turned, paused, taken home and dropped again."""

import re
import shutil
import time

import pytest

pytest.importorskip("gradio", reason="the page's libraries are not installed")
pytest.importorskip("playwright", reason="Playwright is not installed")

from playwright import sync_api as api
from reference.page_pictures import draw
from reference.pages import page_at_work

from nstjax.images import read_comment
from nstjax.settings.recipe import Recipe

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")

QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
PATIENCE = 30_000  # milliseconds
ENDLESS = "100000"  # steps


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def url(folder):
    with page_at_work(folder, largest=128) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, url):
    """Opens the page at a width; nothing may be asked of another server, and nothing may fail."""
    asked, failed, pages = [], [], []

    def open_page(width):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.on("console", lambda line: line.type == "error" and failed.append(line.text))
        page.goto(url)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert not [each for each in asked if not each.startswith((f"{url}/", "data:", "blob:"))]
    assert not failed


def drop(page, content, *styles):
    page.locator("#content input[type=file]").set_input_files(content)
    page.locator("#styles input[type=file]").set_input_files(styles)
    page.locator("#content img").wait_for()
    page.locator("#styles img").first.wait_for()


def enter(page, name, value):
    field = page.locator(f"#setting-{name}").locator("input, textarea").first
    field.fill(value)
    field.blur()


def entered(page, name):
    return page.locator(f"#setting-{name}").locator("input, textarea").first.input_value()


def said(page, where, text):
    api.expect(page.locator(where)).to_contain_text(re.compile(text), timeout=PATIENCE)


def open_settings(page, group):
    page.locator("#more").get_by_text("More", exact=True).click()
    page.locator("#more").get_by_text(group, exact=True).click()


def no_wider_than(page, width):
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_picture_from_the_drop_to_its_settings_again(opened, tmp_path):
    page = opened(1280)
    drop(page, *draw(tmp_path, "photo.png", "painting.png"))
    enter(page, "size", "64")
    open_settings(page, "Schedule")
    enter(page, "coarse_steps", "0")
    enter(page, "steps", ENDLESS)
    page.locator("#paint").click()
    page.locator("#picture img").first.wait_for()
    said(page, "#bar", r"Level 1 of 1 \(64x51\), step \d+ of 100000")

    enter(page, "tv_weight", "0.5")
    said(page, "#told", "tv weight: with the next steps")
    slider = page.locator("#balance input[type=range]")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    said(page, "#told", "content weight: with the next steps")
    weight = float(entered(page, "content_weight"))
    assert weight > 10

    page.locator("#pause").click()
    said(page, "#state", "Paused")
    before = page.locator("#bar").text_content()
    page.wait_for_timeout(1500)
    assert page.locator("#bar").text_content() == before
    page.get_by_role("button", name="Go on").click()
    api.expect(page.locator("#bar")).not_to_contain_text(before, timeout=PATIENCE)
    page.locator("#stop").click()
    said(page, "#state", "Stopped")

    api.expect(page.locator("#download")).to_be_enabled(timeout=PATIENCE)
    with page.expect_download() as download:
        page.locator("#download").click()
    kept = tmp_path / download.value.suggested_filename
    download.value.save_as(kept)
    settings = Recipe.from_json(read_comment(kept), "it").settings
    assert (settings.size, settings.tv_weight, settings.content_weight) == (64, 0.5, weight)
    assert kept.name == "photo-painting-1.png"
    api.expect(page.locator("#made img").first).to_be_visible()

    again = opened(1280)
    again.get_by_text("Take the settings of a picture").click()
    again.locator("#recipe input[type=file]").set_input_files(kept)
    said(again, "#told", "photo.png, painting.png")
    assert entered(again, "size") == "64"
    assert float(entered(again, "content_weight")) == weight
    no_wider_than(again, 1280)


def test_on_a_phone_the_picture_stands_below_its_buttons(opened, tmp_path):
    page = opened(390)
    drop(page, *draw(tmp_path, "photo.png", "painting.png"))
    enter(page, "size", "32")
    page.locator("#paint").click()
    said(page, "#state", "Done")
    no_wider_than(page, 390)
    tops = [
        page.locator(part).bounding_box()["y"]
        for part in ("#content", "#paint", "#picture", "#setting-size")
    ]
    assert tops == sorted(tops)


def test_what_cannot_be_is_told_on_the_page(opened, tmp_path):
    page = opened(1280)
    page.locator("#paint").click()
    said(page, "#told", "there is no picture")
    drop(page, *draw(tmp_path, "photo.png", "painting.png"))
    enter(page, "size", "129")
    page.locator("#paint").click()
    said(page, "#told", "at most 128")


def test_who_closes_the_page_is_forgotten(opened, folder):
    def kept():
        return set(folder.glob("temporary/nstjax-*/visitors/*"))

    before = kept()
    page = opened(1280)
    page.locator("#paint").click()
    said(page, "#told", "there is no picture")
    (mine,) = kept() - before
    page.close()
    end = time.monotonic() + 20
    while mine.exists():
        assert time.monotonic() < end
        time.sleep(0.1)
