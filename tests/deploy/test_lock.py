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


def test_a_word_that_is_not_known_is_told_before_anything_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert lock.main(["--bogus"]) == 2
    assert capsys.readouterr() == ("", "`python3 -m app lock` takes --upgrade and nothing else.\n")


def test_where_uv_gives_up_the_end_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lock, "ROOT", tmp_path)  # without a pyproject.toml there is nothing to lock

    assert lock.main([]) == 1

    assert capfd.readouterr().err.endswith("requirements.lock could not be made; uv says above why.\n")


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
