"""A patient leaves: after a while in which it can be taken back, and with nothing kept longer than it has to be."""
