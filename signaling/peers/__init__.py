"""The only package that knows aiortc: the mirror, and a client that really sends and receives.

Importing it loads libav, so nothing imports it before it is needed.
"""

import logging

from signaling.peers.client import NotLetIn, VisitClient
from signaling.peers.mirror import BadOffer, Mirror, reflect

__all__ = ["BadOffer", "Mirror", "NotLetIn", "VisitClient", "reflect"]

# Both write the addresses of people to their logs.
logging.getLogger("aioice").setLevel(logging.CRITICAL)
logging.getLogger("aiortc").setLevel(logging.CRITICAL)
