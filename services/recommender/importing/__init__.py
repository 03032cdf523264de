"""Brings published catalogues into the database: one module for each format of file."""
