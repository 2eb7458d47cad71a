"""What runs in Lambda.

`ingest` receives deliveries, `fetch` archives failed runs, `sweep` imports runs whose webhook never
arrived.
"""
