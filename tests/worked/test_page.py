# ruff: noqa: E501 - the scripts that run in the browser stand here as they are
"""The page, driven in a headless Chromium: steps, keys, links between numbers, both colour schemes, paper, no network."""

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import elman
from elman.worked import gallery
from elman.worked.view.document import Options
from elman.worked.view.scalars import entry, text_of
from elman.worked.view.view import View, show

playwright = pytest.importorskip("playwright.sync_api", reason="the page's tests need the Python package playwright")
CHROMIUM = next(
    (path for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
     if name and (path := shutil.which(name))),
    None,
)  # fmt: skip
SHEETS = gallery()
KINDS = {"rnn": "love-book", "lstm": "lstm", "gru": "gru"}
OTHERS = [name for name in SHEETS if name not in KINDS.values()]

pytestmark = pytest.mark.skipif(
    CHROMIUM is None,
    reason="no Chromium: set CHROMIUM, or have chromium, chromium-browser or google-chrome on the PATH",
)


def network(cell: str, hidden: int, steps: int, layers: int = 1, bidirectional: bool = False) -> dict[str, Any]:
    random = np.random.default_rng(3)
    gates = {"rnn": "h", "lstm": "ifgo", "gru": "rzn"}[cell]
    parameters: dict[str, Any] = {}
    for layer in range(1, layers + 1):
        size = 2 if layer == 1 else hidden * (1 + bidirectional)
        for end in ["", "_r"][: 1 + bidirectional]:
            suffix = (f"_l{layer}" if layer > 1 else "") + end
            for gate in gates:
                parameters[f"W_x{gate}{suffix}"] = random.normal(size=(hidden, size)).round(1)
                parameters[f"W_h{gate}{suffix}"] = (random.normal(size=(hidden, hidden)) / 2).round(1)
                parameters[f"b_{gate}{suffix}"] = random.normal(size=hidden).round(1)
            if cell == "gru":
                parameters[f"b_hn{suffix}"] = random.normal(size=hidden).round(1)
    parameters |= {"W_hy": random.normal(size=(1, hidden * (1 + bidirectional))).round(1), "b_y": [0.1]}
    return {
        "cell": cell, "layers": layers, "bidirectional": bidirectional, "parameters": parameters,
        "examples": [{"inputs": random.normal(size=(steps, 2)).round(1), "targets": [1, 0] * (steps // 2) + [1] * (steps % 2)}],
        "output": "sigmoid", "loss": {"kind": "binary_cross_entropy", "at": "every", "over_steps": "sum"},
        **({"reset": "after", "z": "keep"} if cell == "gru" else {}),
    }  # fmt: skip


DEEP = network("gru", 2, 3, layers=2, bidirectional=True)


class Opened:
    """A page in a tab of the browser, with what it said on its console and what it asked of the network."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def load(self, step: str) -> None:
        self.page.goto("about:blank")  # another address after the # alone would load nothing
        self.page.goto(self.address + step)
        self.page.wait_for_selector("body.ready", timeout=10_000)

    def reset(self, step: str) -> None:
        """Undo what the last test did, and go to the step as its link does: a fraction of the time of loading."""
        self.page.evaluate(RESET, step)

    def step(self) -> str:
        return str(self.page.text_content(".line.now .address"))

    def text(self, selector: str) -> str:
        return str(self.page.text_content(selector))

    def until(self, script: str, seconds: float = 10.0) -> None:
        """Wait; the page's own policy forbids the browser's way of waiting for an expression."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(script):
            assert time.monotonic() < end, f"still not true: {script}"
            time.sleep(0.02)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as p:
        started = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def tabs(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Open each page once, in a tab of its own, for one test after the other."""
    folder, found = tmp_path_factory.mktemp("pages"), dict[str, Opened]()
    context = browser.new_context()

    def tab(sheet: Any, options: dict[str, Any]) -> Opened:
        if (key := repr((sheet, options))) not in found:
            file = folder / f"{len(found)}.html"
            file.write_text(elman.explain(sheet).to("html", **options), encoding="utf-8")
            found[key] = Opened(context.new_page(), f"file://{file}")
        return found[key]

    yield tab
    context.close()


@pytest.fixture
def open_page(tabs: Any) -> Iterator[Any]:
    opened: list[Opened] = []

    def open_it(
        sheet: Any,
        step: str = "",
        *,
        options: dict[str, Any] | None = None,
        load: bool = False,
        size: tuple[int, int] = (1300, 900),
        **media: Any,
    ) -> Opened:
        """Show a page at a step; `load` loads it anew where a test is about loading."""
        page: Opened = tabs(sheet, options or {})
        page.page.bring_to_front()  # a tab behind another draws once a second
        page.page.set_viewport_size({"width": size[0], "height": size[1]})
        page.page.emulate_media(
            **{"media": "screen", "color_scheme": "light", "reduced_motion": "no-preference", **media}
        )
        page.page.mouse.move(0, 0)
        (page.reset if page.asked and not load else page.load)(step)
        opened.append(page)
        return page

    yield open_it
    for page in opened:
        assert page.said == []
        assert {url.partition("#")[0] for url in page.asked} <= {page.address, "about:blank"}


RESET = """async (step) => {
    const of = (id) => document.getElementById(id);
    of('help').close();
    of('letters').checked = true;
    of('speed').value = '1600';
    if (document.body.classList.contains('whole')) of('whole').click();
    of('start').click();
    document.activeElement.blur();
    if (step) await new Promise((seen) => {
        addEventListener('hashchange', seen, {once: true});
        location.hash = step;
    });
}"""
SHOWN = """() => [...document.querySelectorAll('#board .line')].map(line => [line.dataset.v,
    [...line.querySelectorAll(':is(.result, .eq) > math [data-n]')].map(n => n.textContent.replaceAll('−', '-')),
    [...line.querySelectorAll('.row')].map(row => [...row.querySelectorAll('math')]
        .map(m => m.getAttribute('alttext')).join(' ').replace('e-8', 'e-08'))])"""


@pytest.mark.parametrize("name", [*KINDS.values(), "deep", *(pytest.param(n, marks=pytest.mark.study) for n in OTHERS)])
def test_the_numbers_are_those_of_the_trace_and_of_the_other_renderings(name: str, open_page: Any) -> None:
    sheet = DEEP if name == "deep" else name
    trace, opened = elman.explain(sheet), open_page(sheet)
    view, values = View(Options.of(trace)), json.loads(opened.text("#trace"))["values"]
    assert {value["i"] for value in values} == set(trace.values)
    for value in values:
        array = trace[value["i"]].array
        np.testing.assert_array_equal(np.reshape(value["v"], array.shape), array)
        assert value["d"] == [show(float(x), trace.problem.sheet.digits) for x in array.reshape(-1)]
    opened.page.click("#whole")
    shown = opened.page.evaluate(SHOWN)
    assert len(shown) == len(trace)
    for v, numbers, rows in shown:
        value = trace[values[int(v)]["i"]]
        assert numbers == values[int(v)]["d"], value.id
        if rows:
            assert rows == [
                f"{text_of(tokens)} {view.sign(value)} {view.number(float(value.array[index]))}"
                for index, tokens in view.rows(value)
            ], value.id
    assert sum(bool(rows) for _, _, rows in shown) > 10


def test_step_back_and_the_ends(open_page: Any) -> None:
    opened = open_page("not-very-good", load=True)
    page = opened.page
    assert opened.step() == "x.1"
    assert page.is_disabled("#back")
    page.click("#next")
    assert opened.step() == "a.1"
    assert opened.text("#where") == "2 / 47"
    assert page.evaluate("location.hash") == "#step=a.1"
    page.click("#next")
    assert opened.step() == "h.1"
    assert opened.text("#narration").startswith("Forward, t = 1. h_1 ≈ (0.4621, 0.7163): tanh gives the new state")
    page.click("#back")
    assert opened.step() == "a.1"
    page.click("#backward")
    assert opened.step() == "dp"
    page.click("#end")
    assert page.is_disabled("#next")
    assert opened.text("#where") == "47 / 47"
    page.click("#forward")
    assert opened.step() == "x.1"


def test_what_is_yet_to_come_is_hidden(open_page: Any) -> None:
    opened = open_page("not-very-good", "#step=h.2")
    seen = """id => {
        const v = JSON.parse(document.getElementById('trace').textContent).values.findIndex(x => x.i === id);
        return [...document.querySelectorAll(`#board .result [data-n="${v}:0"], svg [data-n="${v}:0"]`)]
            .map(n => getComputedStyle(n).visibility);
    }"""
    assert set(opened.page.evaluate(seen, "h.2")) == {"visible"}
    assert set(opened.page.evaluate(seen, "h.3")) == {"hidden"}
    opened.page.keyboard.press("End")
    assert set(opened.page.evaluate(seen, "dh.2")) == {"visible"}


def test_play_runs_to_the_end_and_stops(open_page: Any) -> None:
    opened = open_page("not-very-good", "#step=45")
    page = opened.page
    page.select_option("#speed", "700")
    page.click("#play")
    assert page.get_attribute("#play", "aria-pressed") == "true"
    assert "Pause" in opened.text("#play")
    opened.until("document.getElementById('where').textContent === '47 / 47'")
    assert page.get_attribute("#play", "aria-pressed") == "false"
    page.click("#play")
    assert opened.text("#where") == "1 / 47"
    page.keyboard.press("Escape")
    assert page.get_attribute("#play", "aria-pressed") == "false"


def test_scrub(open_page: Any) -> None:
    opened = open_page("lstm")
    page = opened.page
    page.locator("#scrub").fill("79")
    assert opened.step() == "dc.2"
    assert "step 80 of 140, Backward: dc_2" in page.get_attribute("#scrub", "aria-valuetext")
    page.focus("#scrub")
    page.keyboard.press("ArrowLeft")
    assert opened.text("#where") == "79 / 140"


@pytest.mark.parametrize(("address", "step"), [("1/dh.5", "1/dh.5"), ("dW_hh@9", "1/x.1"), ("%", "1/x.1")])
def test_a_link_names_a_step(address: str, step: str, open_page: Any) -> None:
    opened = open_page("love-book", f"#step={address}", load=True)
    assert opened.step() == step
    for other, there in {"17": "1/a.6", "2/dh.3": "2/dh.3", "": "2/dh.3"}.items():
        opened.page.evaluate(f"location.hash = '#step={other}'")
        opened.until(f"document.querySelector('.line.now .address').textContent === '{there}'")
    assert "i hate this book" in opened.text(".picture.shown figcaption")


def test_the_keyboard_alone(open_page: Any) -> None:
    opened = open_page("not-very-good")
    press = opened.page.keyboard.press
    steps = []
    for key in ["ArrowRight", "ArrowRight", "ArrowLeft", "b", "f", "]", "]", "[", "s", "End", "Home"]:
        press(key)
        steps.append(opened.step())
    assert steps == ["a.1", "h.1", "a.1", "dp", "x.1", "x.2", "x.3", "x.2", "dW_xh", "dE.good", "x.1"]
    press(" ")
    assert opened.page.get_attribute("#play", "aria-pressed") == "true"
    press(" ")
    assert opened.page.get_attribute("#play", "aria-pressed") == "false"
    press("a")
    assert opened.page.is_visible("#board .line:last-child .work")
    press("a")
    press("?")
    assert opened.page.is_visible("#help")
    shortcuts = opened.text("#help")
    assert all(word in shortcuts for word in ("play, pause", "next step", "backward pass", "keep the number"))
    opened.page.uncheck("#letters")
    press("Escape")
    assert not opened.page.is_visible("#help")
    press("b")
    assert opened.step() == "x.1"


def test_tab_reaches_everything_in_order_and_leaves_again(open_page: Any) -> None:
    opened = open_page("not-very-good", "#step=h.2", load=True)
    order, outlines = [], []
    for _ in range(22):
        opened.page.keyboard.press("Tab")
        place, outline = (
            opened.page.evaluate("""() => { const a = document.activeElement; const s = getComputedStyle(a);
            return [a === document.body ? 'BODY' : a.id || (a.dataset.n ? (a.closest('svg') ? 'picture number' : 'board number') : a.className || a.tagName),
                    s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2]; }""")
        )
        if place == "BODY" or place in order[:1]:
            break
        order.append(place)
        outlines.append(outline)
    wanted = ["skip", "start", "back", "play", "next", "end", "scrub", "forward", "backward", "whole", "speed", "keys",
              "scroll", "picture number", "board", "board number"]  # fmt: skip
    assert [place for place in order if place in wanted] == wanted
    assert {place for place, outline in zip(order, outlines, strict=True) if not outline} == set()


def test_arrows_go_from_number_to_number(open_page: Any) -> None:
    opened = open_page("not-very-good", "#step=a.2")
    page = opened.page
    page.focus(".line.now [data-n][tabindex='0']")
    first = page.evaluate("document.activeElement.dataset.n")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.n") != first
    assert opened.step() == "a.2"
    assert page.evaluate("document.querySelectorAll('.line.now [data-n][tabindex]').length") == 1
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("a_2, entry 1: 0.4327")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "play"


def entry_of(opened: Opened, key: str, k: int) -> str:
    values = json.loads(opened.text("#trace"))["values"]
    return f"{next(v for v, value in enumerate(values) if value['i'] == key)}:{k}"


@pytest.mark.parametrize("how", ["hover", "focus"])
def test_a_number_lights_up_everywhere_and_where_it_came_from(how: str, open_page: Any) -> None:
    opened = open_page("not-very-good", "#step=dh.2")
    page, (dh, da, weight) = opened.page, [entry_of(opened, *x) for x in (("dh.2", 0), ("da.3", 1), ("W_hh", 2))]
    node = f".line.now .result [data-n='{dh}']"
    page.hover(node) if how == "hover" else page.focus(node)
    lit = partial(
        page.evaluate,
        """key => [...document.querySelectorAll(`[data-n='${key}']`)].map(n =>
        [n.closest('svg') ? 'picture' : 'board', n.classList.contains('same'), n.classList.contains('from')])""",
    )
    assert {(place, same) for place, same, _ in lit(dh)} == {("picture", True), ("board", True)}
    assert {(place, made) for place, _, made in lit(da)} == {("picture", True), ("board", True)}
    assert all(made for _, _, made in lit(weight))
    about = opened.text("#about")
    assert "0.1089" in about
    assert "(−0.2)·(−0.3433)" in about
    assert "used by" in about
    styles = page.evaluate(f"""() => ['{dh}', '{da}'].map(key => getComputedStyle(document.querySelector(
        `#board .result [data-n="${{key}}"]`)).outlineStyle)""")
    assert styles == ["solid", "dashed"]
    if how == "hover":
        page.mouse.move(2, 2)
        assert page.locator(".same").count() == 0


def test_every_entry_of_a_matrix_tells_how_it_was_made(open_page: Any) -> None:
    """The board puts the numbers into the first entry only; a number that is pointed at has its own."""
    trace, opened = elman.explain("gru"), open_page("gru")
    opened.page.keyboard.press("End")
    told = opened.page.evaluate("""() => [...document.querySelectorAll('.line .result mtr:nth-child(2) mtd [data-n]')].map(n => {
        n.dispatchEvent(new PointerEvent('pointerover', {bubbles: true}));
        const maths = [...document.querySelectorAll('#about .numbers math')].map(m => m.getAttribute('alttext'));
        return [n.closest('.line').querySelector('.address')?.textContent, n.dataset.n, maths.join(' ')]; })""")
    values, compared = json.loads(opened.text("#trace"))["values"], 0
    view = View(Options.of(trace))
    for key, number, text in told:
        value, k = trace[values[int(number.split(":")[0])]["i"]], int(number.split(":")[1])
        if key and value.array.ndim == 2:
            index = tuple(int(i) for i in np.unravel_index(k, value.shape))
            assert text == text_of(entry(value, index, view.number)), (key, index)
            compared += 1
    assert compared > 50


def test_a_number_can_be_kept(open_page: Any) -> None:
    opened = open_page("not-very-good", "#step=h.2")
    page, key = opened.page, entry_of(opened, "h.2", 0)
    page.focus(".line.now [data-n][tabindex='0']")
    page.keyboard.press("Enter")
    assert page.get_attribute(f".line.now [data-n='{key}']", "aria-pressed") == "true"
    page.hover(".line.now .row [data-n]")
    assert page.locator(f"#board [data-n='{key}'].same").count() > 0
    page.keyboard.press("Escape")
    assert page.locator(".same").count() == 0


CHECKS = r"""() => {
  const faults = [];
  const ids = [...document.querySelectorAll('[id]')].map(n => n.id);
  for (const id of new Set(ids)) if (ids.filter(x => x === id).length > 1) faults.push(`id ${id} twice`);
  const label = n => n.getAttribute('aria-label') || (n.labels && n.labels[0] && n.labels[0].textContent) || n.textContent.trim()
    || (n.getAttribute('aria-labelledby') || '').split(' ').map(id => document.getElementById(id)?.textContent).join('');
  for (const n of document.querySelectorAll('button, a[href], input, select, [tabindex], [role=region], [role=toolbar], dialog, svg[role]'))
    if (!label(n)) faults.push(`no name: ${n.outerHTML.slice(0, 80)}`);
  const roles = ['button', 'status', 'toolbar', 'region', 'group'];
  for (const n of document.querySelectorAll('[role]')) if (!roles.includes(n.getAttribute('role'))) faults.push(`role ${n.getAttribute('role')}`);
  for (const n of document.querySelectorAll('[tabindex]:not(button, a)'))
    if (!n.getAttribute('role')) faults.push(`focus without a role: ${n.outerHTML.slice(0, 80)}`);
  for (const n of document.querySelectorAll('[tabindex]')) if (n.tabIndex > 0) faults.push('positive tabindex');
  for (const n of document.querySelectorAll('math')) if (!n.getAttribute('alttext')) faults.push(`no alttext: ${n.outerHTML.slice(0, 80)}`);
  for (const n of document.querySelectorAll('svg:not([role])')) if (n.getAttribute('aria-hidden') !== 'true') faults.push('svg without a role');
  for (const n of document.querySelectorAll('th')) if (!n.getAttribute('scope')) faults.push('th without scope');
  for (const n of document.querySelectorAll('[aria-labelledby]')) if (!document.getElementById(n.getAttribute('aria-labelledby'))) faults.push('label missing');
  const levels = [...document.querySelectorAll('h1, h2, h3')].map(n => +n.tagName[1]);
  levels.forEach((level, k) => { if (level > (levels[k - 1] || 0) + 1) faults.push('heading level jumps'); });
  if (!document.documentElement.lang || !document.title || !document.querySelector('main')) faults.push('no lang, title or main');
  if (document.querySelector('[aria-live]')?.textContent.length < 10) faults.push('nothing is told');
  return faults;
}"""
CONTRASTS = r"""() => {
  const rgb = text => (text.match(/[\d.]+/g) || []).map(Number);
  const light = c => { const f = c.slice(0, 3).map(x => x / 255).map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const behind = n => { for (; n; n = n.parentElement) { const c = rgb(getComputedStyle(n).backgroundColor); if (c.length === 3 || c[3] > 0.99) return c; } return [255, 255, 255]; };
  const probe = document.body.appendChild(document.createElement('i'));
  const named = name => { probe.style.color = `var(${name})`; return rgb(getComputedStyle(probe).color); };
  const papers = ['--paper', '--card', '--now'].map(named);
  const found = {};
  const note = (key, value) => { found[key] = Math.min(found[key] ?? 99, value); };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const n = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || n.closest('script, style, noscript, dialog:not([open]), button:disabled, option')) continue;
    const s = getComputedStyle(n);
    if (n.closest('svg')) for (const paper of [...papers, ...(n.closest('.stack.forward') ? [named('--forward-soft')] : [])]) note(`svg ${s.fill}`, ratio(rgb(s.fill), paper));
    else note(`${n.tagName}.${n.className} ${s.color}`, ratio(rgb(s.color), behind(n)));
  }
  for (const name of ['--same', '--from']) note(`ink on ${name}`, ratio(named('--ink'), named(name)));
  for (const paper of papers) note('focus ring', ratio(named('--focus'), paper) * 1.5);
  probe.remove();
  return found;
}"""


@pytest.mark.parametrize(("cell", "scheme"), [("rnn", "light"), ("rnn", "dark"), ("lstm", "light"), ("gru", "dark")])
def test_accessibility(cell: str, scheme: str, open_page: Any) -> None:
    opened = open_page(KINDS[cell], color_scheme=scheme)
    for key in ["Home", "b", "End"]:
        opened.page.keyboard.press(key)
        assert opened.page.evaluate(CHECKS) == []
    opened.page.hover(".line.now [data-n]")
    contrasts = opened.page.evaluate(CONTRASTS)
    assert len(contrasts) > 10
    assert {text: round(ratio, 2) for text, ratio in contrasts.items() if ratio < 4.5} == {}


def test_dark_mode_is_dark(open_page: Any) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    schemes = [open_page("gru", color_scheme=scheme).page.evaluate(paper) for scheme in ("light", "dark")]
    brightness = [sum(map(int, re.findall(r"\d+", colour))) for colour in schemes]
    assert brightness[0] > 700
    assert brightness[1] < 120


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
def test_reduced_motion(motion: str, moves: bool, open_page: Any) -> None:
    opened = open_page("not-very-good", "#step=a.2", reduced_motion=motion)
    found = opened.page.evaluate("""() => [...document.querySelectorAll('.edge.active, .line.now')].map(n => getComputedStyle(n))
        .some(s => s.animationName !== 'none' || s.transitionDuration.split(',').some(d => parseFloat(d) > 0))""")
    assert found is moves


def test_print_shows_the_whole_calculation_and_no_controls(open_page: Any) -> None:
    opened = open_page("love-book", "#step=1/a.2")
    opened.page.emulate_media(media="print")
    opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert not opened.page.is_visible("#controls")
    assert opened.page.locator(".picture:visible").count() == 2
    hidden = opened.page.evaluate("""() => [...document.querySelectorAll('#board .result, svg .digits')]
        .filter(n => getComputedStyle(n).visibility === 'hidden' || !n.getClientRects().length).length""")
    assert hidden == 0
    assert opened.page.locator("#board .work:visible").count() > 150
    assert opened.page.evaluate(
        "document.getElementById('board').scrollHeight <= document.getElementById('board').clientHeight + 1"
    )
    assert len(opened.page.pdf(format="A4")) > 20_000


@pytest.mark.parametrize(("cell", "width"), [("rnn", 360), ("lstm", 360), ("gru", 800), ("lstm", 1920)])
def test_every_width(cell: str, width: int, open_page: Any) -> None:
    opened = open_page(KINDS[cell], size=(width, 800))
    opened.page.keyboard.press("b")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = opened.page.evaluate("""() => [...document.querySelectorAll('#controls :is(button, select, input):not([hidden])')]
        .map(n => n.getBoundingClientRect()).map(r => [r.left, r.top, r.right, r.bottom])""")
    for k, a in enumerate(boxes):
        assert a[0] >= 0
        assert a[2] <= width
        assert not any(a[0] < b[2] - 1 and b[0] < a[2] - 1 and a[1] < b[3] - 1 and b[1] < a[3] - 1 for b in boxes[:k])


@pytest.mark.parametrize(
    "sheet",
    [network("rnn", 3, 4, bidirectional=True), network("lstm", 2, 3, layers=2), DEEP],
    ids=["bidirectional", "two layers", "both"],
)
def test_no_numbers_of_the_picture_overlap(sheet: dict[str, Any], open_page: Any) -> None:
    opened = open_page(sheet)
    opened.page.keyboard.press("End")
    boxes = opened.page.evaluate("""() => [...document.querySelectorAll('.picture.shown svg :is(.number, .carried)')]
        .map(n => n.getBoundingClientRect()).map(r => [r.left, r.top + 3, r.right, r.bottom - 3])""")
    assert len(boxes) > 40
    overlaps = [(a, b) for k, a in enumerate(boxes) for b in boxes[:k]
                if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]]  # fmt: skip
    assert overlaps == []


def test_digits_notation_and_the_part_that_is_asked_for(open_page: Any) -> None:
    opened = open_page("love-book", "#step=1/a.2", options={"digits": 6, "notation": "ng", "only": "forward"})
    assert "z<2> ≈ (0.426072" in opened.text("#narration")
    assert opened.page.is_disabled("#backward")
    assert open_page("love-book", options={"id": "1/dh.3"}).step() == "1/dh.3"


def test_a_blank_sheet_has_gaps_until_the_key_is_asked_for(open_page: Any) -> None:
    opened = open_page("not-very-good", "#step=h.2", options={"blank": True})
    opened.page.click("#whole")
    assert "0.4076" not in opened.text("#board") + opened.text("#pictures") + opened.text("#narration")
    assert "_____" in opened.text(".line.now .result")
    opened.page.keyboard.press("k")
    assert "0.4076" in opened.text(".line.now .result")
    assert opened.page.locator("#board h3").count() == 4


def test_truth_does_not_depend_on_the_words_of_a_sheet(open_page: Any) -> None:
    """Titles and words are text, whatever they look like."""
    sheet = {
        "title": "</script><b>bold</b> & <!--DATA-->", "note": "<i>note</i>", "cell": "rnn",
        "embeddings": {"<b>": [1.0, 0.5]},
        "parameters": {"W_xh": [[0.5, 0.2]], "W_hh": [[0.1]], "b_h": [0.0], "W_hy": [[1.0]], "b_y": [0.0]},
        "examples": [{"words": ["<b>", "<b>"], "target": 1}],
        "output": "linear", "loss": {"kind": "half_squares", "at": "last"},
    }  # fmt: skip
    opened = open_page(sheet)
    assert opened.text("h1") == sheet["title"]
    assert opened.page.locator("b, i").count() == 0


@pytest.mark.study
def test_a_page_is_made_in_a_second() -> None:
    trace = elman.explain(network("lstm", 8, 20))
    start = time.perf_counter()
    trace.to("html")
    assert time.perf_counter() - start < 1.0


def test_size() -> None:
    trace = elman.explain(network("lstm", 8, 20))
    page = trace.to("html")
    assert len(page.encode()) < 1_000_000
    for part in ("http://", "https://", "src=", "@import", "url(http"):
        assert part not in page


def test_a_long_sheet_steps_at_once(open_page: Any) -> None:
    opened = open_page(network("lstm", 8, 20), "#step=dh.10")
    took = opened.page.evaluate("""() => { const t = performance.now();
        for (let k = 0; k < 10; k += 1) document.getElementById('next').click(); return (performance.now() - t) / 10; }""")
    assert took < 200


def test_a_notebook_shows_the_page_in_a_frame(browser: Any) -> None:
    trace = elman.explain("gru")
    framed = trace._repr_html_()
    assert unescape(framed.partition('srcdoc="')[2].rpartition('" style=')[0]) == trace.to("html")
    page = browser.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.set_content(framed)
    frame = page.frame_locator("iframe")
    frame.locator("body.ready").wait_for(timeout=10_000)
    frame.locator("#next").click()
    assert frame.locator("#where").text_content() == "2 / 119"
    assert said == []
    page.close()


def test_the_command_line_writes_the_page(tmp_path: Path) -> None:
    import typer

    from elman.cli.explain import explain

    app = typer.Typer()
    app.command()(explain)
    for arguments in (
        ["gru", "-o", str(tmp_path / "a.html")],
        ["gru", "--format", "html", "-o", str(tmp_path / "b.txt")],
    ):
        assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
    texts = {path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert texts == {elman.explain("gru").to("html")}
