"""The two quality files of a version: always there, always the same, never a reason for one; and they forget names."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from assets.release.manifest import current_release
from assets.release.pages.quality import bar, page, percent, spark
from assets.release.publisher import publish
from assets.release.retraction.redact import Target, redact
from assets.release.retraction.withdraw import Reason, withdraw
from assets.release.stores.local import LocalStore
from assets.release.verify import verify_release
from quality.checks import CheckResult
from quality.report.document import About, document
from quality.report.facts import Checked, Expected, Facts
from schemas.registry import load
from tests.assets.release import house
from tests.assets.release.scan import places_of

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
LATER = date(2026, 4, 30)
LACKS = "没有收费的园<&>"


class Told:
    """What a workspace would know: a check of each state, and a provider that has not posted its fees."""

    def __init__(self, failed: int = 1) -> None:
        self.failed = failed

    def facts(self, dataset):
        def one(state, code, failed=0):
            severity = "error" if state in ("failed", "crashed") else "warning"
            result = CheckResult(code, dataset.tables[0], state, severity, failed, 100, "规则<b>", dq="0104")
            return Checked("received", result)

        return Facts(
            tables=dataset.tables,
            checks=(one("failed", "a-rule", self.failed), one("crashed", "b-rule"), one("not_evaluated", "c-rule")),
            expected=(Expected("posted-fees", ((None, 3, 2),), {("330108", "p2"): (None,)}),),
        )


@pytest.fixture
def registry():
    given = house.registry()
    fees = given.tables["open_fee_posted"].model_copy(update={"name": "core_fee_quote", "layer": "core"})
    return house.with_tables(given, core_fee_quote=fees)


@pytest.fixture
def go(tmp_path, registry, published):
    providers = [(*house.PROVIDERS[1][:2], LACKS, *house.PROVIDERS[1][3:])]
    providers += [house.PROVIDERS[0], house.PROVIDERS[2]]

    def run(as_of=house.AS_OF, told=None, folder=published, **rows):
        open_dir = house.write_open(registry, tmp_path / "open", **{"open_provider": providers} | rows)
        return publish(registry, open_dir, folder, as_of, work_dir=tmp_path / "work", quality=told or Told())

    return run


@pytest.fixture(autouse=True)
def _of_fees(monkeypatch):
    """The expectation concerns the table that the small house has."""
    from quality.report.completeness import expectations

    known = [one for one in expectations() if one.code == "posted-fees"]
    monkeypatch.setattr("assets.release.quality.staged.concerning", lambda _: known)


def report(published: Path, place: str) -> dict:
    return json.loads((published / "datasets" / place / "quality.json").read_text("utf-8"))


def test_both_files_are_described_summed_and_in_the_manifest(go, published):
    go()
    folder = published / "datasets/fees/1.0.0"
    described = {r["path"] for r in json.loads((folder / "datapackage.json").read_text())["resources"]}
    sums = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    manifest = current_release(LocalStore(published)).manifest
    listed = {f.name for f in manifest.dataset("fees").files}
    assert {"quality.json", "quality.html"} <= described & sums & listed
    said = report(published, "fees/1.0.0")
    assert [c["state"] for c in said["checks"][:2]] == ["failed", "crashed"]
    assert said["completeness"][0]["named"] == [{"area_code": "330108", "id": "p2", "name": LACKS, "lacks": [None]}]
    assert {c["stage"] for c in said["checks"]} == {"received", "published", "release", "disclosure"}
    index = (published / "quality.html").read_text("utf-8")
    assert 'href="datasets/fees/1.0.0/quality.html"' in index
    verify_release(LocalStore(published), manifest)


def test_another_report_alone_is_no_new_version(go, published):
    go()
    assert not go(LATER, Told(failed=5)).changed
    assert [p.name for p in (published / "datasets/fees").iterdir()] == ["1.0.0"]


def test_a_new_version_compares_with_the_one_before(go, published):
    go()
    go(LATER, Told(failed=5), open_fee_posted=[*house.FEES, ("330108", "p2", "2000.00")])
    said = report(published, "fees/1.1.0")
    rules = next(line for line in said["indicators"] if line["code"] == "0104")
    assert (rules["value"], rules["moved"]) == (0.95, "worse")
    assert rules["trend"] == [{"version": "1.0.0", "as_of": "2026-03-31", "value": 0.99}]
    assert next(i for i in said["indicators"] if i["code"] == "0602")["numerator"] == 2


def test_two_builds_are_the_same_bytes(go, published, tmp_path):
    go()
    go(folder=tmp_path / "elsewhere")
    assert house.tree(published) == house.tree(tmp_path / "elsewhere")


def test_bare_tables_say_what_is_not_known(tmp_path, published, registry):
    open_dir = house.write_open(registry, tmp_path / "open")
    publish(registry, open_dir, published, house.AS_OF, work_dir=tmp_path / "work")
    said = report(published, "providers/1.0.0")
    unasked = {one["code"] for one in said["not_checked"]}
    assert {"completeness", "findings", "0104", "0305"} <= unasked
    assert said["summary"]["checks_of_published"]["passed"] and said["summary"]["held_rows"] is None
    assert next(i for i in said["indicators"] if i["code"] == "0101")["value"] == 1.0


def test_a_redacted_provider_is_forgotten_also_where_only_the_report_names_it(go, published, tmp_path, registry):
    """No fee of p2 is published, but the report on fees says who it is that posted none."""
    go()
    assert any("/fees/" in place for place in places_of(LACKS.replace("<&>", ""), published))
    entries = tmp_path / "redactions.yml"
    done = redact(registry, LocalStore(published), Target(provider="p2"), ("要求。", "Asked."), LATER,
                  entries=entries, work_dir=tmp_path / "w")  # fmt: skip
    assert done.replaced["fees 1.0.0"] == "1.0.0+r1"
    assert places_of(LACKS.replace("<&>", ""), published) == []
    said = report(published, "fees/1.0.0+r1")
    assert said["version"] == "1.0.0+r1" and said["replaces"]["reason_en"] == "Redacted: Asked."
    assert said["completeness"][0]["missing_reporters"] == 1 and said["completeness"][0]["named"] == []
    assert "代替 1.0.0" in (published / "datasets/fees/1.0.0+r1/quality.html").read_text("utf-8")


def test_the_version_in_place_of_one_that_quoted_a_withdrawn_one_has_a_report(go, published, tmp_path, registry):
    go()
    go(LATER, open_fee_posted=[("330108", "p1", "3300.00"), house.FEES[1]])
    reason = Reason("数字有误。", "A wrong number.")
    withdraw(registry, LocalStore(published), "fees", "1.0.0", reason, LATER, work_dir=tmp_path / "w")
    assert report(published, "fees/1.1.0+r1")["replaces"]["version"] == "1.1.0"
    verify_release(LocalStore(published), current_release(LocalStore(published)).manifest)


class _Links(HTMLParser):
    """Whatever a page would load or lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.loads, self.leads, self.tags = [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("src", "srcset", "data", "poster", "xlink:href") or (name == "href" and tag != "a"):
                self.loads.append(value)
            elif name == "href":
                self.leads.append(value)


def test_a_page_loads_nothing_and_escapes_everything(go, published):
    go()
    for path in ("datasets/fees/1.0.0/quality.html", "quality.html"):
        text = (published / path).read_text("utf-8")
        links = _Links()
        links.feed(text)
        assert links.loads == [] and "script" not in links.tags and "b>" not in "".join(links.tags)
        assert not re.search(r"url\(|@import", text)
        assert all(not href.startswith(("http", "//")) for href in links.leads)
        assert "default-src 'none'" in text
    page_of_fees = (published / "datasets/fees/1.0.0/quality.html").read_text("utf-8")
    assert "规则&lt;b&gt;" in page_of_fees and "没有收费的园&lt;&amp;&gt;" in page_of_fees


@pytest.fixture
def proxy():
    """A server to which a browser sends whatever it wants from anywhere; what it is asked for is noted."""
    asked: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                asked.append(peer.recv(4096).decode("latin-1").split("\r\n")[0])

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], asked
    listener.close()


def _opened(path: Path, port: int, profile: Path) -> str:
    """What a browser shows of a file, with no way to a network but the proxy."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
             "--disable-default-apps", "--disable-extensions", "--disable-client-side-phishing-detection"]  # fmt: skip
    through = [f"--proxy-server=127.0.0.1:{port}", "--proxy-bypass-list=<-loopback>"]
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", *quiet, *through]
    shown = subprocess.run([*command, "--dump-dom", path.as_uri()], capture_output=True, timeout=120, check=True)
    return shown.stdout.decode()


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine: the page is not opened")
def test_no_request_leaves_when_a_browser_opens_the_page(go, published, proxy, tmp_path):
    go()
    port, asked = proxy
    for path in ("datasets/fees/1.0.0/quality.html", "quality.html"):
        assert "质量报告" in _opened(published / path, port, tmp_path / "profile")
    theirs = [line for line in asked if "googleapis" not in line and "google.com" not in line]
    assert theirs == [], "the page asked for something"
    tell_tale = tmp_path / "other.html"
    tell_tale.write_text('<img src="http://elsewhere.invalid/seen.png">', "utf-8")
    _opened(tell_tale, port, tmp_path / "profile")
    assert any("elsewhere.invalid" in line for line in asked), "this test would not notice a request"


def test_figures_for_people():
    assert [percent(v) for v in (None, 0, 0.0001, 0.5, 0.99999, 1, 0.1234)] == [
        "—", "0%", "<0.1%", "50%", ">99.9%", "100%", "12.3%"
    ]  # fmt: skip
    parts = bar({"failed": 1, "crashed": 0, "warned": 0, "not_evaluated": 0, "passed": 999})
    assert [name for name, *_ in parts] == ["failed", "passed"] and parts[0][2] >= 3.9
    assert sum(width for *_, width in parts) == pytest.approx(300, abs=0.1) and bar({"passed": 0}) == []
    line = {"trend": [{"value": 0.5}, {"value": None}], "value": 1.0}
    assert len(spark(line).split()) == 2 and spark({"trend": [], "value": 1.0}) == ""


def test_every_figure_of_a_threshold_is_on_the_page(go, published):
    go()
    said = report(published, "fees/1.0.0")
    figure = load("cn").all_parameters()[0].model_dump(mode="json")
    said["checks"][0]["threshold"] = {"limit": "maximum 5", "parameters": [figure]}
    text = page(said).decode()
    assert f"maximum 5; {figure['code']} = {figure['value']}" in text and figure["valid_from"] in text


def test_a_page_of_nothing_known_says_so(registry):
    about = About(registry, registry.datasets["fees"], "1.0.0", house.AS_OF)
    text = page(document(about, Facts(tables=("open_fee_posted",)))).decode()
    assert text.count("未评估") > 20 and "nothing is known of what was received" in text
