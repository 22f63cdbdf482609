"""Typer commands: thin, one file per group."""
