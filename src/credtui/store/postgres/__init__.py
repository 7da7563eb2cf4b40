"""The store on a PostgreSQL server, for installations of more than one machine."""
