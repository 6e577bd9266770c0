-- A decision is a fact of its day; whether it is still open is decided by its closing date, on any date.
SELECT * FROM known_inspection
