"""Signing in with the account that staff have at their organisation's own OpenID provider."""
