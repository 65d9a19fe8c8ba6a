"""Codes of eight digits that go to somebody's mail or telephone: to come in, to say that it is theirs, to be surer."""
