"""`app rules replay`: what other thresholds would have raised, in numbers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from app import cli
from app.demo.cast import LEO, MAYA, THEO
from db import embedded, migrate
from tests.app.test_thresholds import new_thresholds
from tests.conftest import copied
from tests.world import World, a_check_in

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(own_database: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """The command against this database: its exit status, what it said, and what it said beside."""
    monkeypatch.setenv("CAIRN_DATABASE_URL", own_database)
    monkeypatch.setenv("CAIRN_DATABASE_OWNER_URL", own_database.replace(migrate.APP_ROLE, "postgres"))

    def command(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        status = cli.main(["rules", "replay", *words])
        return (status, *capfd.readouterr())

    return command


@pytest.fixture
async def week(real_world: World) -> World:
    """Maya says 6 each day and then 8; Leo is calm, and once uses; an amended day counts as it was known."""
    world = real_world
    for craving in (6, 6, 6, 8):
        body = a_check_in(world, craving=craving)
        assert (await (await world.of(MAYA)).post("/v1/check-ins", json=body)).status_code == 201
        used = ["opioid"] if craving == 8 else []
        await (await world.of(LEO)).post("/v1/check-ins", json=a_check_in(world, used=used))
        world.clock.forward(days=1)
    return world


def test_unchanged_thresholds_raise_what_they_raised(week: World, run: Run) -> None:
    status, said, _ = run("--since", "2026-03-01")

    assert status == 0
    assert "Harbor Recovery Program: 8 check-ins of 2 patients since 2026-03-01" in said
    assert [line.split() for line in said.splitlines() if line.startswith("  P")][:4] == [
        ["P0", "0", "0"], ["P1", "1", "1"], ["P2", "1", "1"], ["P3", "0", "0"]
    ]  # fmt: skip
    assert "because of" not in said
    assert MAYA.name not in said


def test_a_lower_threshold_says_how_many_more_and_why(week: World, run: Run) -> None:
    report = msgspec.json.decode(run("--since", "2026-03-01", "--set", "craving-high=6", "--json")[1])[0]

    assert (report["then"], report["now"]) == ({"p1": 1, "p2": 1}, {"p1": 1, "p2": 4})
    assert (report["more"], report["fewer"]) == ({"craving-high": 3}, {})


def test_a_higher_threshold_says_how_many_fewer(week: World, run: Run) -> None:
    said = run("--since", "2026-03-01", "--set", "craving-high=9", "--set", "craving-above=9")[1]
    assert "fewer because of craving-high: 1" in said


async def test_each_answer_is_held_against_the_thresholds_of_its_own_day(week: World, run: Run) -> None:
    theo = await week.of(THEO)
    answer = await theo.post("/v1/thresholds", json=new_thresholds(week, cravingHigh=3))
    assert answer.status_code == 201
    week.clock.forward(days=1)
    await (await week.of(MAYA)).post("/v1/check-ins", json=a_check_in(week, craving=3))

    _, said, _ = await asyncio.to_thread(run, "--since", "2026-03-01", "--json")
    report = msgspec.json.decode(said)[0]
    assert report["then"] == report["now"] == {"p1": 1, "p2": 2}


def test_only_days_since_then_are_counted_and_those_before_are_still_known(week: World, run: Run) -> None:
    last = (week.clock.now - timedelta(days=1)).date().isoformat()
    report = msgspec.json.decode(
        run("--since", last, "--set", "craving-above=2", "--set", "craving-high=9", "--json")[1]
    )
    assert (report[0]["answers"], report[0]["now"]) == (2, {"p1": 1, "p2": 1})


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--since", "yesterday"), "Expected a day"),
        (("--since", "2026-03-01", "--set", "craving=6"), "Expected NAME=NUMBER"),
        (("--since", "2026-03-01", "--set", "craving-high=high"), "craving-high"),
        (("--since", "2026-03-01", "--set", "craving-high=99"), "Expected NAME=NUMBER"),
    ],
)
def test_what_cannot_be_replayed_is_said_in_one_sentence(run: Run, words: tuple[str, ...], sentence: str) -> None:
    status, said, beside = run(*words)
    assert (status, said) == (2, "")
    assert sentence in beside


@pytest.fixture
async def empty_database(server: embedded.Server) -> AsyncIterator[str]:
    """A database that nobody has migrated."""
    async with copied(server, "template0", "empty"):
        yield server.dsn("empty")


@pytest.mark.parametrize("words", [("rules", "replay", "--since", "2026-03-01"), ("keys", "list"), ("audit", "verify")])
def test_a_database_without_a_schema_is_said_to_be_one(
    empty_database: str,
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("CAIRN_DATABASE_URL", empty_database)
    monkeypatch.setenv("CAIRN_DATABASE_OWNER_URL", empty_database)
    monkeypatch.setenv("CAIRN_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("CAIRN_LOG_LEVEL", "error")

    assert cli.main(list(words)) == 2
    assert "The database has no schema yet" in capfd.readouterr().err
