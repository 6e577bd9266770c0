-- Counts stay as counted: which of them a date uses is decided where they are used.
SELECT * FROM population
