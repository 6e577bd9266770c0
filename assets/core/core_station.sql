-- One row per station: the latest statement, with the dates it opened and closed.
SELECT * FROM station
