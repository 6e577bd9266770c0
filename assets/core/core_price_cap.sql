-- Caps carry their own period; an empty table is a district that has published none.
SELECT * FROM price_cap
