"""The interactive map in a real browser: opened, hovered over, clicked, zoomed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spotscape.pl import interactive_map

from .marked_up import BAD, content, tissue, unpacked

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "headless=new",
    "no-sandbox",
    "disable-gpu",
    "disable-dev-shm-usage",
    "window-size=1000,800",
    # The browser looks nothing up on its own: what is asked for is what the page asks for.
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "map.html"
    panels = ["domain", "confidence", BAD["gene"], "known"]
    interactive_map(tissue(), path, panels=panels, slice_key="slice", title=BAD["title"])
    return path


@pytest.fixture(scope="module")
def chrome():
    """One browser for all tests."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    found, driver = next(filter(None, map(shutil.which, BROWSERS)), None), shutil.which("chromedriver")
    if found is None or driver is None:
        pytest.skip(f"no browser: found {found or 'no chromium'} and {driver or 'no chromedriver'}")
    options = webdriver.ChromeOptions()
    options.binary_location = found
    for argument in ARGUMENTS:
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield browser
    browser.quit()


class Opened:
    """A page in the browser: where spots are on the screen, what is pressed, what the canvas shows."""

    def __init__(self, chrome, page: Path):
        self.chrome, self.held = chrome, content(page)
        chrome.get(page.as_uri())
        self.wait("document.body.dataset.ready === 'true' && document.getElementById('map').dataset.view")

    def js(self, code: str, *arguments):
        return self.chrome.execute_script(code, *arguments)

    def wait(self, condition: str):
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.chrome, 10, 0.02).until(lambda _: self.js(f"return {condition}"))

    def place(self, spot: int) -> tuple[int, int]:
        """Return where a spot is on the canvas."""
        scale, left, top = map(float, self.js("return document.getElementById('map').dataset.view").split())
        one = next(part for part in self.held["slices"] if part["first"] <= spot < part["end"])
        x = one["x"] + unpacked(self.held["x"], "<u2")[spot] * one["step_x"]
        y = one["y"] + unpacked(self.held["y"], "<u2")[spot] * one["step_y"]
        return round(x * scale + left), round(y * scale + top)

    def to(self, spot: int):
        """Return the pointer, moved to a spot."""
        from selenium.webdriver import ActionChains

        canvas = self.chrome.find_element("id", "map")
        x, y = self.place(spot)
        size = canvas.size
        return ActionChains(self.chrome, duration=20).move_to_element_with_offset(
            canvas, x - int(size["width"] / 2), y - int(size["height"] / 2)
        )

    def color(self, spot: int) -> list[int]:
        """Return the colour that the canvas shows at a spot, when it has drawn anew."""
        return self.pixel(*self.place(spot))

    def pixel(self, x: int, y: int) -> list[int]:
        code = (
            "const done = arguments[2], map = document.getElementById('map');"
            "requestAnimationFrame(() => requestAnimationFrame(() => done("
            "[...map.getContext('2d').getImageData(arguments[0], arguments[1], 1, 1).data])));"
        )
        return self.chrome.execute_async_script(code, x, y)

    def buttons(self) -> list:
        return self.chrome.find_elements("css selector", "#groups button")

    def pressed(self) -> list[bool]:
        return [button.get_attribute("aria-pressed") == "true" for button in self.buttons()]

    def text(self, selector: str) -> str:
        return self.js("return document.querySelector(arguments[0]).textContent", selector)


@pytest.fixture
def opened(chrome, page):
    return Opened(chrome, page)


def rgb(color: str) -> list[int]:
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]


def test_it_loads_without_an_error_or_a_request_and_names_are_text(chrome, page):
    for log in ("browser", "performance"):
        chrome.get_log(log)
    opened = Opened(chrome, page)
    assert chrome.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in chrome.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith("data:")] == [page.as_uri()]
    assert chrome.title == BAD["title"]
    assert opened.text("h1") == BAD["title"]
    assert opened.js("return document.scripts.length") == 2
    assert opened.js("return document.querySelectorAll('img, main b, main i, main u').length") == 0
    names = [option.get_property("textContent") for option in chrome.find_elements("css selector", "option")]
    assert names == ["domain", "confidence", BAD["gene"], "known"]


def test_another_script_is_not_run(opened):
    opened.js(
        "const script = document.createElement('script'), image = document.createElement('b');"
        "script.textContent = 'window.owned = 1';"
        "image.innerHTML = '<img src=x onerror=\"window.owned = 1\">';"
        "document.body.append(script, image);"
    )
    refused = [entry["message"] for entry in opened.chrome.get_log("browser")]
    assert any("Content Security Policy" in message for message in refused)
    assert opened.js("return window.owned === undefined")


def test_the_legend_has_all_domains_with_their_counts(opened):
    parts = [
        [part.get_property("textContent") for part in b.find_elements("css selector", ".name, .count")]
        for b in opened.buttons()
    ]
    counts = ["60 (30.0 %)", "60 (30.0 %)", "80 (40.0 %)"]
    assert parts == [list(pair) for pair in zip(BAD["domain"], counts, strict=True)]
    assert opened.text("#about") == "200 spots in 2 slices"


def test_spots_have_their_colours_over_the_image(opened):
    colors = opened.held["panels"][0]["colors"]
    for spot, code in ((0, 0), (99, 2), (100, 0), (150, 1)):
        assert opened.color(spot)[:3] == rgb(colors[code])
    for spot, strong, weak in ((3, 0, 2), (4, 2, 0)):  # between columns 3 and 4, and 4 and 5
        x, y = opened.place(spot)
        between = opened.pixel((x + opened.place(spot + 1)[0]) // 2, y)
        assert between[strong] > 200 > 60 > between[weak]


def test_a_domain_picked_in_the_legend_fades_the_others(opened):
    color = opened.color(99)
    opened.buttons()[1].click()
    assert opened.pressed() == [False, True, False]
    assert opened.color(150) == [*rgb(opened.held["panels"][0]["colors"][1]), 255]
    assert opened.color(99) != color
    assert opened.text("#status") == "60 of 200 spots"
    opened.buttons()[0].send_keys(" ")  # by the keyboard, one more
    assert opened.pressed() == [True, True, False]
    assert opened.text("#status") == "120 of 200 spots"
    opened.chrome.switch_to.active_element.send_keys("\ue00c")  # Escape
    assert opened.pressed() == [False, False, False]
    assert opened.color(99) == color


def test_a_click_on_a_spot_picks_its_domain_and_a_drag_does_not(opened):
    opened.to(199).click().perform()
    assert opened.pressed() == [False, False, True]
    opened.to(199).click().perform()
    assert opened.pressed() == [False, False, False]
    before = opened.place(199)
    opened.to(199).click_and_hold().move_by_offset(40, 25).release().perform()
    opened.color(199)
    assert opened.place(199) == (before[0] + 40, before[1] + 25)
    assert opened.pressed() == [False, False, False]


def test_under_the_pointer_is_the_spot_with_its_name_and_values(opened):
    opened.to(137).perform()
    opened.wait("!document.getElementById('tip').hidden")
    assert opened.text("#tip strong") == f"{BAD['spot']}137"
    told = opened.js("return [...document.querySelectorAll('#tip dd')].map((e) => e.textContent)")
    assert told[:3] == [BAD["slice"][1], BAD["domain"][1], f"{float(f'{137 / 199:.3g}'):g}"]
    assert told[4] == "a"


def test_it_zooms_by_buttons_keys_and_wheel(opened):
    zoom = lambda: float(opened.js("return document.getElementById('map').dataset.zoom"))  # noqa: E731
    assert zoom() == pytest.approx(1)
    opened.chrome.find_element("id", "closer").click()
    opened.color(0)
    assert zoom() == pytest.approx(1.5)
    opened.chrome.find_element("id", "map").send_keys("+")
    opened.color(0)
    assert zoom() == pytest.approx(2.25)
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    origin = ScrollOrigin.from_element(opened.chrome.find_element("id", "map"))
    ActionChains(opened.chrome).scroll_from_origin(origin, 0, -200).perform()
    opened.wait("document.getElementById('map').dataset.zoom > 2.3")
    opened.chrome.find_element("id", "whole").click()
    opened.color(0)
    assert zoom() == pytest.approx(1)


def test_another_panel_colours_the_spots_and_domains_can_still_be_picked(opened):
    from selenium.webdriver.support.ui import Select

    choice = Select(opened.chrome.find_element("id", "panel"))
    choice.select_by_index(1)
    ramp = opened.held["ramp"]
    assert opened.color(0)[:3] == rgb(ramp[0])
    assert opened.color(199)[:3] == rgb(ramp[-1])
    assert opened.js("return !document.getElementById('scale').hidden")
    opened.buttons()[0].click()
    assert opened.color(199)[:3] != rgb(ramp[-1])
    choice.select_by_index(3)
    assert [button.text.split("\n")[0] for button in opened.buttons()] == ["a", "unlabelled"]
    assert opened.pressed() == [False, False]
    assert opened.color(0)[:3] == rgb("#D9D9D9")


def test_a_window_of_another_size_is_filled_and_not_stretched(opened):
    opened.chrome.set_window_size(700, 900)
    opened.color(0)
    size = opened.js(
        "const m = document.getElementById('map'); return [m.width, m.height, m.clientWidth, m.clientHeight]"
    )
    assert size[:2] == size[2:]
    assert opened.color(0)[:3] == rgb(opened.held["panels"][0]["colors"][0])
    opened.chrome.set_window_size(1000, 800)


def test_100_000_spots_are_a_small_page_and_drawn_within_a_second(chrome, tmp_path):
    rng, n = np.random.default_rng(0), 100_000
    adata = AnnData(
        obs=pd.DataFrame(
            {"spotscape_confidence": rng.random(n)}, index=[f"AAACAAGTATCTCCCA-{i}" for i in range(n)]
        )
    )
    adata.obsm["spatial"] = rng.random((n, 2)) * 1e4
    adata.obs["spotscape_domain"] = pd.Categorical(
        (adata.obsm["spatial"][:, 0] // 1000).astype(int).astype(str)
    )
    adata.uns["spotscape_domain_colors"] = [f"#{i:02d}8040" for i in range(10)]
    interactive_map(adata, tmp_path / "map.html")
    assert (tmp_path / "map.html").stat().st_size < 5e6
    opened = Opened(chrome, tmp_path / "map.html")
    opened.buttons()[3].click()
    opened.color(0)
    assert float(opened.js("return document.getElementById('map').dataset.milliseconds")) < 1000
