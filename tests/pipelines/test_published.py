"""The doors that read what is published, when it lies in an object store: the same answers as from a folder."""

from __future__ import annotations

import sys

import pytest

from assets.release.publisher import publish
from pipelines.cli import main
from pipelines.exits import Exit
from pipelines.published import published_store
from pipelines.settings import from_environment
from tests.assets.release import house
from tests.assets.release.s3_server import serving
from tests.faults.s3_publish import BUCKET
from tests.pipelines.test_cli import Said


@pytest.fixture(scope="module")
def environment():
    with serving() as server:
        keys = {"AWS_ACCESS_KEY_ID": "schluessel", "AWS_SECRET_ACCESS_KEY": "geheim", "AWS_ALLOW_HTTP": "true"}
        yield keys | {"AWS_ENDPOINT_URL": server.endpoint, "TUOYU_PUBLISHED": f"s3://{BUCKET}/binjiang"}


@pytest.fixture(scope="module")
def places(environment, tmp_path_factory):
    """A store and a folder with the same two releases, as environments."""
    home = tmp_path_factory.mktemp("home")
    found = [environment | {"TUOYU_HOME": str(home / "store")}, {"TUOYU_HOME": str(home / "folder")}]
    for rows in ({}, {"open_fee_posted": house.FEES[:1]}):
        tables = house.write_open(house.registry(), home / "open", **rows)
        for given in found:
            store = published_store(from_environment(given))
            publish(house.registry(), tables, store, house.AS_OF, work_dir=home / "work")
    return found


@pytest.fixture
def tuoyu(monkeypatch, capsys, tmp_path):
    """Runs a command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["tuoyu", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return Said(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def answers(tuoyu, places, monkeypatch):
    """What a command says of each of the two."""

    def asked(*words):
        said = []
        for environment in places:
            with monkeypatch.context() as patch:
                for name, value in environment.items():
                    patch.setenv(name, value)
                said.append(tuoyu(*words, "--json"))
        return said

    return asked


def test_status(answers):
    store, folder = answers("status")
    assert store.code == folder.code == Exit.OK
    assert store.json["published"]["seq"] == 2 and store.json["published"] == folder.json["published"]


def test_diff(answers):
    store, folder = answers("diff", "fees", "1.0.0", "1.1.0")
    assert store.code == folder.code == Exit.OK and store.json == folder.json


def test_verify(answers):
    store, folder = answers("verify")
    assert store.code == folder.code and store.json["findings"] == folder.json["findings"]
    assert store.json["release"] == folder.json["release"]


def test_a_store_that_does_not_answer_is_69(tuoyu, environment, monkeypatch):
    for name, value in (environment | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}).items():
        monkeypatch.setenv(name, value)
    said = tuoyu("status")
    assert said.code == Exit.UNREACHABLE and "AWS_ENDPOINT_URL" in said.err and "geheim" not in said.err
    said = tuoyu("verify", "s3://Geheim")
    assert said.code == Exit.CONFIGURATION and "Geheim" not in said.err
