"""The page of a difference: whatever stands in the data is shown as text, and nothing is fetched from anywhere."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser

import pytest

from assets.release.comparison.difference import diff
from assets.release.publisher import publish
from pipelines import show_diff
from pipelines.diff_page import page
from tests.assets.release import house

P1, P2, P3 = house.PROVIDERS
HOSTILE = '<script src="//evil.example/x.js"></script><img src=x onerror=alert(1)>"\'{{ 7*7 }}'


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    root, given = tmp_path_factory.mktemp("page"), house.registry()
    changed = (*P1[:2], HOSTILE, *P1[3:6], 41, *P1[7:])
    for number, rows in enumerate(([P1, P2, P3], [changed, P2])):
        open_dir = house.write_open(given, root / "open", open_provider=rows, open_provider_class=[])
        publish(given, open_dir, root / "published", date(2026, 3 + number, 28), work_dir=root / "work")
    return diff(root / "published", "providers", "1.0.0", "1.1.0")


def test_hostile_text_is_only_text(found):
    text = page(found)
    tags = Tags(text).found
    assert not {tag for tag, _ in tags} & {"script", "img", "link", "iframe", "object", "form", "a", "svg"}
    assert not [name for _, attrs in tags for name in attrs if name.startswith("on") or name in ("src", "href")]
    assert "&lt;script" in text and "{{ 7*7 }}" in text and "49" not in re.sub(r"#\w+", "", text)


def test_nothing_is_fetched_and_the_page_says_so_to_the_browser(found):
    text = page(found)
    assert "default-src 'none'" in text and "url(" not in text and "@import" not in text
    assert 'name="viewport"' in text and text.startswith("<!doctype html>")


def test_the_page_says_what_the_terminal_says(found, capsys):
    text = page(found)
    show_diff.diff(found)
    said = capsys.readouterr().out
    assert "\x1b" not in said, "no colours but on a terminal"
    for word in ("删除", "Removed", "第三 行 (p3)", "place_count 中文", "未评估"):
        assert word in said and word.replace("第三 行", "第三\n行") in text.replace("第三 行", "第三\n行")
    assert "<del>40</del> → <ins>41</ins>" in text and "40 → 41" in said


def test_the_same_difference_makes_the_same_page(found):
    assert page(found) == page(found)
