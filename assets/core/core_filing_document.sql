-- A certificate carries its own period (issued, valid to), so nothing is derived here.
SELECT * FROM known_filing_document
