"""Lock files that serve everybody, whatever index they were made from."""

from pathlib import Path

import pytest

from deploy import lock

PINNED = "msgspec==0.22.0 \\\n    --hash=sha256:0123\n    # via litestar\n"


def test_a_lock_of_names_versions_and_hashes_is_taken() -> None:
    assert lock.neutral(PINNED) == PINNED


@pytest.mark.parametrize(
    "line",
    [
        "--index-url here",
        "--extra-index-url here",
        "--find-links wheels",
        "a @ file:a.whl",
        "a @ http" + "://b",
        "/a.whl",
    ],
)
def test_a_lock_that_names_a_place_is_refused(line: str) -> None:
    with pytest.raises(lock.NotNeutral):
        lock.neutral(f"{line}\n{PINNED}")


def test_further_places_of_the_caller_are_not_asked() -> None:
    caller = {"PATH": "/bin", "UV_EXTRA_INDEX_URL": "there", "UV_FIND_LINKS": "wheels", "UV_INDEX": "there"}
    assert lock.clean_environment(caller) == {"PATH": "/bin"}


def test_the_development_lock_holds_everything_of_the_runtime_lock_as_it_is_there() -> None:
    runtime, development = (pins(path) for path in ("requirements.lock", "tests/requirements.lock"))
    assert runtime
    assert runtime <= development


def test_the_wheel_with_postgresql_is_locked_the_same_for_serving_and_for_tests() -> None:
    assert pins("deploy/postgres.lock") <= pins("tests/requirements.lock")


def pins(path: str) -> set[str]:
    lines = Path(lock.ROOT, path).read_text().splitlines()
    return {line.removesuffix(" \\") for line in lines if "==" in line and not line.startswith((" ", "#"))}
