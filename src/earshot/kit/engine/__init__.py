"""The only place with SQL that differs between SQLite and PostgreSQL."""
