"""An asyncio client, and an embedded server, for a batch data-cleansing API."""
