"""The tables: migrations, for one engine or a cluster, and the roles of a server."""
