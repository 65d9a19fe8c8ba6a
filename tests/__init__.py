"""What Cairn promises, tried on real PostgreSQL and real sockets."""
