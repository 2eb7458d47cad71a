"""What runs in Lambda.

`ingest` takes deliveries in, `fetch` archives failed runs, `sweep` finds runs that never arrived.
"""
