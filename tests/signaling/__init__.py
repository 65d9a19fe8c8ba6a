"""The sockets of a visit."""
