"""The day of care that the tests of the app know, for those who mean harm."""

from tests.app.conftest import scene, seen_pool

__all__ = ["scene", "seen_pool"]
