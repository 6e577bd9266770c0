-- Numbers as people write them: full-width digits, thousands separators, a unit in the cell, 万 (ten thousand),
-- Chinese numerals, currency and plus signs, the apostrophe by which a spreadsheet marks text.
-- units: the alternatives of a regular expression, the words of the field's own unit; any other word fails.
-- Casts are never trusted alone: they would take 12.6 for 13 and 1_000 for 1000. Whatever is not certain gives NULL:
-- ranges, 约 and 余, other digits than 0-9, blanks inside, exponents, a minus before nothing; 60_problems.sql says why.

-- Chinese numerals become digits, and financial signs the everyday ones. 三四 may be "three or four": left as it is.
CREATE OR REPLACE TEMP MACRO number_text(x) AS
    list_transform([lower(replace(regexp_replace(plain_words(x), '^[''’]', ''), '−', '-'))], lambda w:
        CASE WHEN regexp_matches(w, '^[一二两三四五六七八九]{2}(?:[^一二三四五六七八九〇零○0-9]|$)') THEN w
        ELSE translate(w, '零〇○一壹二贰貳两兩三叁參四肆五伍六陆陸七柒八捌九玖拾佰仟萬', '00011222223334455666778899十百千万') END)[1];

-- 1千4百2十5: a digit before each sign of place; 十5 is 15. 三百五 (350 to one, 305 to another) is not of this form.
CREATE OR REPLACE TEMP MACRO number_of_places(s) AS
    1000 * CAST(concat('0', regexp_extract(s, '([1-9])千', 1)) AS INTEGER)
    + 100 * CAST(concat('0', regexp_extract(s, '([1-9])百', 1)) AS INTEGER)
    + 10 * CAST(concat('0', regexp_extract(regexp_replace(s, '(^|[^1-9])十', '1十'), '([1-9])十', 1)) AS INTEGER)
    + CAST(concat('0', regexp_extract(s, '[0十]([1-9])(?:[^0-9千百十]|$)', 1)) AS INTEGER);

-- A spreadsheet shows fifteen digits and stores more: 3499.9999999999995 is its 3500.
CREATE OR REPLACE TEMP MACRO number_of_digits(d) AS
    TRY_CAST(printf('%.15g', TRY_CAST(d AS DOUBLE)) AS DECIMAL(38, 15));

CREATE OR REPLACE TEMP MACRO number_of_words(s, units) AS
    CASE WHEN regexp_full_match(s, '[+-]?¥?(?:(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.[0-9]{1,20})?|(?:[1-9]千(?:[1-9]百(?:0[1-9]|[1-9]?十[1-9]?)?|0(?:[1-9]?十[1-9]?|[1-9]))?|[1-9]百(?:0[1-9]|[1-9]?十[1-9]?)?|[1-9]?十[1-9]?)) ?万? ?(?:' || units || ')?')
        THEN nullif(CASE WHEN regexp_matches(s, '[千百十]') THEN number_of_places(s)
                ELSE number_of_digits(replace(regexp_extract(s, '[0-9][0-9,]*(?:\.[0-9]+)?'), ',', '')) END
            * CASE WHEN contains(s, '万') THEN 10000 ELSE 1 END
            * CASE WHEN starts_with(s, '-') THEN -1 ELSE 1 END,
            CASE WHEN starts_with(s, '-') THEN 0 END)
    END;

-- the number, exact to the decimals that its column has; more decimals are told, never rounded
CREATE OR REPLACE TEMP MACRO exact_number(n, decimals) AS
    TRY_CAST(regexp_extract(CAST(n AS VARCHAR), '^-?[0-9]+\.[0-9]{' || decimals || '}0*$') AS DECIMAL(38, 15));

CREATE OR REPLACE TEMP MACRO norm_number(x, units, decimals := 9) AS
    CASE WHEN regexp_full_match(x, '[0-9]{1,15}(\.[0-9]{1,' || decimals || '})?') THEN CAST(x AS DECIMAL(38, 15))
        ELSE exact_number(list_transform([number_text(x)], lambda s: number_of_words(s, units))[1], decimals) END;

-- no fraction is cut off: what has one gives '', which is no number
CREATE OR REPLACE TEMP MACRO whole_number(n) AS
    TRY_CAST(regexp_extract(CAST(n AS VARCHAR), '^(-?[0-9]+)(\.0*)?$', 1) AS BIGINT);

CREATE OR REPLACE TEMP MACRO norm_integer(x, units) AS
    CASE WHEN CAST(TRY_CAST(x AS BIGINT) AS VARCHAR) = x THEN TRY_CAST(x AS BIGINT)
        ELSE whole_number(norm_number(x, units)) END;

-- ages and terms in months: 3岁 is 36, 1岁半 is 18
CREATE OR REPLACE TEMP MACRO norm_months(x) AS
    CASE WHEN CAST(TRY_CAST(x AS BIGINT) AS VARCHAR) = x THEN TRY_CAST(x AS BIGINT)
        ELSE whole_number(norm_number(replace(x, '岁半', '岁'), '个?月龄?|周?岁')
            * CASE WHEN contains(x, '岁') THEN 12 ELSE 1 END + CASE WHEN contains(x, '岁半') THEN 6 ELSE 0 END) END;
