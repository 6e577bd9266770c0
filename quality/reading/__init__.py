"""Bytes -> text tables with coordinates: kinds of files, encodings, sheets, headers. Not whether values are right."""
