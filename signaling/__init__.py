"""Two people find each other and agree on a connection; imports nothing of ours."""
