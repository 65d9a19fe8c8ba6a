"""Passkeys: sign in and prove who you are with what your device or your password manager holds."""
