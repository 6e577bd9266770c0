-- Findings over time. Reads what standing.py made: receipt, reception, account, observed (what the gate said of
-- files, and what was said of all files after a reception, with its number in `nth`), placed (the same with the key
-- of the row) and statement (every file that states such a key). Absent text is '' in here. Makes `standing`.

-- Of a register only the latest line of each key is asked about, also between tables.
DELETE FROM placed WHERE nth IS NOT NULL AND snapshot_on IS NOT NULL AND EXISTS (
    FROM statement AS s JOIN receipt AS r USING (sha) JOIN reception AS n ON n.nth = placed.nth
    WHERE s.tbl = placed.tbl AND s.key = placed.ident AND s.snapshot_on > placed.snapshot_on AND r.batch <= n.batch
);

-- One finding of one owner: of a key where the row has one, else of a place in a file.
CREATE TABLE told AS
SELECT
    owner, code, tbl, col, kind, ident, sha, nth,
    bool_or(severity = 'error') AS is_error,
    count(*) AS row_count,
    bool_or(doubtful) AS doubtful,
    max(snapshot_on) AS snapshot_on,
    first(sheet ORDER BY sheet, "row", value) AS sheet,
    first("row" ORDER BY sheet, "row", value) AS "row",
    first(value ORDER BY sheet, "row", value) AS value
FROM placed
GROUP BY ALL;

-- A later file of the same sender that takes the place of an earlier one, for one table ('' for the whole file):
-- it has the same name, or as many rows and every key that was not itself in doubt.
CREATE TABLE successor AS
SELECT DISTINCT old.sha, old.tbl, r2.sha AS later_sha
FROM (SELECT DISTINCT sha, tbl FROM told WHERE kind = 'place' OR doubtful) AS old
JOIN receipt AS r1 ON r1.sha = old.sha
JOIN receipt AS r2 ON r2.owner = r1.owner AND r2.batch > r1.batch
JOIN account AS a ON a.sha = r2.sha AND a.tbl <> '' AND (a.tbl = old.tbl OR old.tbl = '')
WHERE r2.name = r1.name
UNION
SELECT sha, tbl, later_sha FROM contained;

CREATE TABLE identity AS
SELECT row_number() OVER (ORDER BY owner, code, tbl, col, kind, ident) AS id, *
FROM (SELECT DISTINCT owner, code, tbl, col, kind, ident FROM told WHERE nth IS NULL);

-- What happened to a finding of the gate, in order: of the statements of a key the order in which intake lets them
-- stand; of files the order in which they came.
CREATE TABLE event AS
SELECT i.id, coalesce(s.pos, r.arrival) AS pos, TRUE AS bad, t.sha
FROM identity AS i
JOIN told AS t USING (owner, code, tbl, col, kind, ident)
JOIN receipt AS r ON r.sha = t.sha
LEFT JOIN statement AS s ON i.kind = 'key' AND s.tbl = i.tbl AND s.key = i.ident AND s.sha = t.sha
WHERE t.nth IS NULL
UNION ALL
SELECT i.id, s.pos, FALSE, s.sha
FROM identity AS i
JOIN statement AS s ON s.tbl = i.tbl AND s.key = i.ident
WHERE i.kind = 'key' AND NOT s.refused AND NOT EXISTS (
    FROM told AS t
    WHERE t.code = i.code AND t.tbl = i.tbl AND t.col = i.col AND t.kind = 'key' AND t.ident = i.ident
        AND t.sha = s.sha
)
UNION ALL
SELECT DISTINCT i.id, r.arrival, FALSE, n.later_sha
FROM identity AS i
JOIN told AS t USING (owner, code, tbl, col, kind, ident)
JOIN successor AS n ON n.sha = t.sha AND n.tbl = i.tbl
JOIN receipt AS r ON r.sha = n.later_sha
WHERE i.kind = 'place' AND t.nth IS NULL AND NOT EXISTS (
    FROM told AS again
    WHERE again.owner = i.owner AND again.code = i.code AND again.tbl = i.tbl AND again.col = i.col
        AND again.kind = 'place' AND again.ident = i.ident AND again.sha = n.later_sha
);

-- Where one file of a place in that order has the problem, another of the same place does not answer it.
DELETE FROM event WHERE NOT bad AND EXISTS (
    FROM event AS same WHERE same.bad AND same.id = event.id AND same.pos = event.pos
);

-- Of several files of one place one is told, by name.
CREATE TABLE told_event AS
SELECT id, pos, bad, arg_min(sha, r.name) AS sha FROM event JOIN receipt AS r USING (sha) GROUP BY id, pos, bad;

CREATE TABLE turn AS
SELECT id, last_bad, max(pos) FILTER (NOT bad AND pos < last_bad) AS clean_before,
    min(pos) FILTER (NOT bad AND pos > last_bad) AS clean_after
FROM (SELECT *, max(pos) FILTER (bad) OVER (PARTITION BY id) AS last_bad FROM event)
GROUP BY ALL;

CREATE TABLE standing AS
SELECT
    i.owner, i.code, i.tbl, i.col, i.kind, i.ident, last_told.is_error, last_told.row_count, last_told.doubtful,
    last_told.snapshot_on, last_told.sha, last_told.sheet, last_told."row", last_told.value,
    (SELECT min(r.received_on) FROM event AS e JOIN receipt AS r USING (sha) WHERE e.id = i.id AND e.bad)
        AS first_seen_on,
    (SELECT min(r.received_on) FROM event AS e JOIN receipt AS r USING (sha)
     WHERE e.id = i.id AND e.bad AND e.pos > coalesce(turn.clean_before, 0)) AS since_on,
    last_file.received_on AS last_seen_on,
    answer.sha AS answer_sha,
    CASE WHEN answering.sha IS NOT NULL THEN greatest(answering.received_on, last_file.received_on) END AS answered_on
FROM identity AS i
JOIN turn USING (id)
JOIN told_event AS last_event ON last_event.id = i.id AND last_event.bad AND last_event.pos = turn.last_bad
JOIN told AS last_told ON last_told.owner = i.owner AND last_told.code = i.code AND last_told.tbl = i.tbl
    AND last_told.col = i.col AND last_told.kind = i.kind AND last_told.ident = i.ident
    AND last_told.sha = last_event.sha AND last_told.nth IS NULL
JOIN receipt AS last_file ON last_file.sha = last_event.sha
LEFT JOIN told_event AS answer ON answer.id = i.id AND NOT answer.bad AND answer.pos = turn.clean_after
LEFT JOIN receipt AS answering ON answering.sha = answer.sha;

-- What was found between tables was there after each reception of an unbroken run, or it was not.
CREATE TABLE spell AS
SELECT code, tbl, col, ident, min(nth) AS first_nth, max(nth) AS last_nth
FROM (
    SELECT *, nth - row_number() OVER (PARTITION BY code, tbl, col, ident ORDER BY nth) AS run
    FROM (SELECT DISTINCT code, tbl, col, ident, nth FROM told WHERE nth IS NOT NULL)
)
GROUP BY code, tbl, col, ident, run;

CREATE TABLE crossed AS
SELECT t.*, s.first_nth, s.last_nth,
    row_number() OVER (PARTITION BY t.owner, t.code, t.tbl, t.col, t.ident ORDER BY t.nth DESC, r.name) AS back
FROM told AS t
JOIN receipt AS r USING (sha)
JOIN spell AS s ON s.code = t.code AND s.tbl = t.tbl AND s.col = t.col AND s.ident = t.ident
    AND t.nth BETWEEN s.first_nth AND s.last_nth
WHERE t.nth IS NOT NULL;

INSERT INTO standing BY NAME
SELECT
    c.owner, c.code, c.tbl, c.col, c.kind, c.ident, c.is_error, c.row_count, c.doubtful, c.snapshot_on, c.sha,
    c.sheet, c."row", c.value, n.received_on AS last_seen_on,
    (SELECT min(r.received_on) FROM crossed AS o JOIN reception AS r USING (nth)
     WHERE o.owner = c.owner AND o.code = c.code AND o.tbl = c.tbl AND o.col = c.col AND o.ident = c.ident)
        AS first_seen_on,
    (SELECT min(r.received_on) FROM crossed AS o JOIN reception AS r USING (nth)
     WHERE o.owner = c.owner AND o.code = c.code AND o.tbl = c.tbl AND o.col = c.col AND o.ident = c.ident
         AND o.first_nth = c.first_nth) AS since_on,
    coalesce(
        (SELECT min(s.sha) FROM statement AS s JOIN receipt AS r USING (sha)
         WHERE s.tbl = c.tbl AND s.key = c.ident AND r.batch = after.batch),
        (SELECT min(r.sha) FROM receipt AS r WHERE r.batch = after.batch HAVING count(*) = 1)
    ) AS answer_sha,
    after.received_on AS answered_on
FROM crossed AS c
JOIN reception AS n ON n.nth = c.nth
LEFT JOIN reception AS after ON after.nth = c.last_nth + 1
WHERE c.back = 1;

-- A line that a later full register does not have any more has left it.
UPDATE standing SET answer_sha = gone.sha, answered_on = gone.received_on
FROM (
    SELECT DISTINCT ON (s.tbl, s.ident, s.snapshot_on)
        s.tbl, s.ident, s.snapshot_on, later.sha, r.received_on
    FROM standing AS s
    JOIN receipt AS own ON own.sha = s.sha
    JOIN register AS later ON later.tbl = s.tbl AND later.source_code = own.source_code
        AND later.snapshot_on > s.snapshot_on
    JOIN receipt AS r ON r.sha = later.sha
    WHERE s.answered_on IS NULL AND NOT EXISTS (
        FROM statement AS st
        WHERE st.tbl = s.tbl AND st.key = s.ident AND st.snapshot_on = later.snapshot_on
    )
    ORDER BY s.tbl, s.ident, s.snapshot_on, later.snapshot_on, r.name
) AS gone
WHERE standing.answered_on IS NULL AND standing.tbl = gone.tbl AND standing.ident = gone.ident
    AND standing.snapshot_on = gone.snapshot_on;

-- A key that was itself wrong is not stated again: the file that took its file's place has the right one.
UPDATE standing SET answer_sha = taken.sha, answered_on = taken.received_on
FROM (
    SELECT DISTINCT ON (s.owner, s.code, s.tbl, s.col, s.ident)
        s.owner, s.code, s.tbl, s.col, s.ident, r.sha, r.received_on
    FROM standing AS s
    JOIN successor AS n ON n.sha = s.sha AND n.tbl = s.tbl
    JOIN receipt AS r ON r.sha = n.later_sha
    WHERE s.kind = 'key' AND s.doubtful AND s.answered_on IS NULL AND NOT EXISTS (
        FROM told AS t
        WHERE t.code = s.code AND t.tbl = s.tbl AND t.col = s.col AND t.ident = s.ident AND t.sha = n.later_sha
    )
    ORDER BY s.owner, s.code, s.tbl, s.col, s.ident, r.arrival
) AS taken
WHERE standing.kind = 'key' AND standing.doubtful AND standing.answered_on IS NULL
    AND standing.owner = taken.owner AND standing.code = taken.code AND standing.tbl = taken.tbl
    AND standing.col = taken.col AND standing.ident = taken.ident;
