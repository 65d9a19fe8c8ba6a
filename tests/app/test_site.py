"""What follows from how a server was set up."""

import pytest

from app.site import Site


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://care.example.org", "https://care.example.org"),
        ("https://Care.Example.ORG:443/cairn", "https://care.example.org"),
        ("http://care.example.org:80", "http://care.example.org"),
        ("https://care.example.org:8443", "https://care.example.org:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_what_a_browser_says_of_that_address(address: str, origin: str) -> None:
    assert Site(ticket_key=b"", public_url=address).origin == origin
