"""The same two operations as Cairn's, each peer in one file: `opened(dsn)` gives an ASGI app for as long as it runs.

All answer the same JSON from the same rows, under row-level security, with an audit row in the transaction.
"""
