"""Each person's secret in a file of its own, in a folder that no backup of the database holds.

Destroying one leaves its file empty: it says that there is no second one, even for a database from before. A backup of
this folder may be kept for days and not for years, since as long as it lasts, so does whoever is in it.
"""

import asyncio
from pathlib import Path
from uuid import UUID

from app.sealing import private
from db.envelope import KEY_BYTES, new_key
from db.keys import KeyLost, Shredded


class SecretsFolder:
    """The folder `people` beside the ring."""

    def __init__(self, folder: Path) -> None:
        self._folder = private.folder(folder / "people")

    async def of(self, person: UUID) -> bytes:
        """This person's; raises `Shredded` where it was destroyed, `KeyLost` where it never was."""
        try:
            return _checked(self._path(person).read_bytes())
        except FileNotFoundError:
            raise KeyLost from None

    async def make(self, person: UUID) -> bytes:
        """The same, made where there is none yet."""
        try:
            return await self.of(person)
        except KeyLost:
            await asyncio.to_thread(self._create, person)
            return await self.of(person)

    async def destroy(self, person: UUID) -> None:
        """Never again. Twice is once."""
        await asyncio.to_thread(self._empty, person)

    def _create(self, person: UUID) -> None:
        path = self._path(person)
        private.folder(path.parent)
        private.create(path, new_key())

    def _empty(self, person: UUID) -> None:
        path = self._path(person)
        private.folder(path.parent)
        private.overwrite(path, KEY_BYTES)
        private.replace(path, b"")

    def _path(self, person: UUID) -> Path:
        """In one of 256 folders by the last digits, which are random; the first ones are a time."""
        return self._folder / person.hex[-2:] / person.hex


def _checked(secret: bytes) -> bytes:
    """An empty file is one that was destroyed; zeros are one whose destruction was cut off in the middle."""
    if not any(secret):
        raise Shredded
    if len(secret) != KEY_BYTES:
        raise KeyLost
    return secret
