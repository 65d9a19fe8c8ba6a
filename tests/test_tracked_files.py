"""What must never be committed: a place to get packages from, a path of one machine, something at the top."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOP = {"pyproject.toml", "app", "signaling", "notifications", "db", "tests", "deploy", "README.md", "requirements.lock"}
INSTALL_SETTINGS = {".npmrc", "pip.conf", "uv.toml", ".pypirc", ".yarnrc", "bunfig.toml"}
NEVER_TRACKED = re.compile(r"(^|/)(uv\.lock|pylock.*\.toml|\.env|\.pypirc|\.venv|\.cairn|node_modules)(/|$)")
PLACES = ("://", "file:", "--index-url", "--extra-index-url", "--find-links", "--trusted-host")
# An index has the same last folder everywhere, and a registry says what it is in its name.
INDEX = re.compile(r"://[^\s\"'`<>]*(/simple\b|\bregistry\b)", re.IGNORECASE)
ONE_MACHINE = re.compile(r"(?<![\w.<*{])/(?:root|home|Users|work|workspace|mnt|opt/(?:wheels|pypi)|tmp/scratch)/[\w.]")


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_of(name: str) -> str:
    return (ROOT / name).read_bytes().decode("utf-8", errors="replace")


def pins_packages(name: str) -> bool:
    last = name.rsplit("/", 1)[-1]
    return last.endswith(".lock") or last in INSTALL_SETTINGS or last in {"package-lock.json", "npm-shrinkwrap.json"}


def places_in(name: str, text: str) -> list[str]:
    """The places to get packages from that a lock file or an install setting names.

    npm copies the addresses where a package asks for donations into its lock file; nothing is fetched from those.
    """
    if name.endswith(".json"):
        text = json.dumps(without_donations(json.loads(text)))
    return [place for place in PLACES if place in text]


def without_donations(node: object) -> object:
    if isinstance(node, dict):
        return {key: without_donations(value) for key, value in node.items() if key != "funding"}
    return [without_donations(one) for one in node] if isinstance(node, list) else node


def test_the_top_of_the_tree_holds_what_was_agreed_and_dotfiles() -> None:
    assert {name.split("/")[0] for name in tracked() if not name.startswith(".")} - TOP == set()


def test_lock_files_and_install_settings_name_no_place_to_get_packages_from() -> None:
    pinned = [name for name in tracked() if pins_packages(name)]
    assert {"requirements.lock", "tests/requirements.lock", "deploy/postgres.lock", "deploy/node.lock"} <= set(pinned)
    assert {name: found for name in pinned if (found := places_in(name, text_of(name)))} == {}


def test_every_locked_package_has_hashes() -> None:
    for name in tracked():
        if name.endswith(".lock"):
            blocks = re.split(r"\n(?=\w)", re.sub(r"^ *#.*\n", "", text_of(name), flags=re.MULTILINE))
            assert [block for block in blocks if block.strip() and "--hash=sha256:" not in block] == []


def test_no_tracked_file_names_an_index() -> None:
    assert [name for name in tracked() if INDEX.search(text_of(name))] == []


def test_no_tracked_file_names_a_path_of_one_machine() -> None:
    assert [name for name in tracked() if ONE_MACHINE.search(text_of(name))] == []


def test_nothing_that_belongs_to_one_machine_is_tracked() -> None:
    assert [name for name in tracked() if NEVER_TRACKED.search(name)] == []


@pytest.mark.parametrize("line", ["--index-url there", "a @ file:///a.whl", "# from http://a", "--find-links wheels"])
def test_a_place_in_a_lock_file_would_be_seen(line: str) -> None:
    assert places_in("requirements.lock", f"msgspec==1.0 \\\n{line}\n")


@pytest.mark.parametrize("key", ["resolved", "url"])
def test_an_address_in_an_npm_lock_file_would_be_seen_and_a_donation_page_would_not(key: str) -> None:
    assert places_in("package-lock.json", json.dumps({"packages": {"a": {key: "https" + "://a.example/a.tgz"}}}))
    assert not places_in("package-lock.json", json.dumps({"a": {"funding": {"url": "https" + "://a.example"}}}))


@pytest.mark.parametrize("path", ["/" + "home/maya/cairn", 'cd "/' + 'Users/sam/x"', "/" + "root/.cache"])
def test_a_path_of_one_machine_would_be_seen(path: str) -> None:
    assert ONE_MACHINE.search(path)


@pytest.mark.parametrize("address", ["mirror.example/simple/", "registry.example/left-pad"])
def test_an_index_would_be_seen(address: str) -> None:
    assert INDEX.search("https:" + "//" + address)
