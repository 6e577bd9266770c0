-- Folding of text as people type it: full-width forms, units drawn as one sign, white space, words for "nothing".
-- Rule: domain dossier 4.10. Only keys, codes and numbers are folded; official names keep their own characters.

-- A macro is pasted wherever it is used, argument and all, and a long text of SQL costs more to plan than a small
-- file to judge. So an argument that is itself an expression is bound once: list_transform([e], lambda v: ...)[1].

-- Text without any such sign is returned as it is, because translate costs thirty times more.
CREATE OR REPLACE TEMP MACRO fold_width(x) AS
    CASE WHEN NOT regexp_matches(x, '[\x{3000}\x{FF01}-\x{FF5E}\x{FFE5}\x{33A1}\x{00B2}]') THEN x ELSE
        replace(replace(translate(x,
            '　！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～￥',
            ' !"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~¥'),
        '㎡', 'm2'), '²', '2') END;

-- without any white space: ASCII, no-break, ideographic, zero-width and byte order mark
CREATE OR REPLACE TEMP MACRO squeeze(x) AS
    regexp_replace(fold_width(x), '[\s\x{00A0}\x{2000}-\x{200B}\x{3000}\x{FEFF}]', '', 'g');

CREATE OR REPLACE TEMP MACRO strip(x) AS
    regexp_replace(x, '^[\s\x{00A0}\x{200B}\x{3000}\x{FEFF}]+|[\s\x{00A0}\x{200B}\x{3000}\x{FEFF}]+$', '', 'g');

CREATE OR REPLACE TEMP MACRO is_missing_word(x) AS
    lower(squeeze(x)) IN ('', '-', '--', '—', '——', '–', '/', '\', '无', '暂无', '不详', 'n/a', '#n/a', 'null');

-- official text: only the ends are trimmed; NULL where the cell is empty or says that there is nothing
CREATE OR REPLACE TEMP MACRO norm_text(x) AS
    CASE WHEN length(x) > 6 AND NOT regexp_matches(x, '^[\s\x{00A0}\x{200B}\x{3000}\x{FEFF}]|[\s\x{00A0}\x{200B}\x{3000}\x{FEFF}]$') THEN x
        WHEN is_missing_word(x) THEN NULL
        ELSE strip(x) END;

-- identifiers: folded, upper case, no spaces; O is never repaired to 0. 330108001.0 is a number Excel made of a code.
CREATE OR REPLACE TEMP MACRO norm_id(x) AS
    CASE WHEN regexp_full_match(x, '[0-9A-Z_-]{2,}') AND x NOT IN ('--', 'NULL') THEN x
        WHEN is_missing_word(x) THEN NULL
        ELSE regexp_replace(upper(squeeze(x)), '^([0-9]+)\.0+$', '\1') END;

-- the word under which codes are looked up: most cells hold it already
CREATE OR REPLACE TEMP MACRO code_word(x) AS
    CASE WHEN regexp_full_match(x, '[0-9a-z_\x{4E00}-\x{9FFF}]*') THEN x
        ELSE regexp_replace(lower(squeeze(x)), '^([0-9]+)\.0+$', '\1') END;
