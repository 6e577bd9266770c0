-- Dates and months: ISO, Chinese, slashes, dots, eight digits, Excel serials (epoch 1899-12-30, 1982 to 2064: 20263 is no day), a time behind it.
-- 长期 (open-ended) is the absence of an end and gives NULL without being an error.

CREATE OR REPLACE TEMP MACRO is_open_ended(x) AS squeeze(x) IN ('长期', '长期有效', '永久', '永久有效', '无固定期限');

CREATE OR REPLACE TEMP MACRO plausible_date(d) AS
    CASE WHEN d BETWEEN DATE '1900-01-01' AND DATE '2199-12-31' THEN d END;

CREATE OR REPLACE TEMP MACRO date_of_words(s) AS
    CASE
        WHEN regexp_full_match(s, '[0-9]{4}\s*[-/.年]\s*[0-9]{1,2}\s*[-/.月]\s*[0-9]{1,2}\s*[日号]?([T\s]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+][0-9]{2}:?[0-9]{2})?)?')
            THEN TRY_CAST(regexp_replace(s, '^([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2}).*$', '\1-\2-\3', 's') AS DATE)
        WHEN regexp_full_match(s, '[0-9]{8}')
            THEN TRY_CAST(concat(substr(s, 1, 4), '-', substr(s, 5, 2), '-', substr(s, 7, 2)) AS DATE)
        WHEN regexp_full_match(s, '[3-5][0-9]{4}(\.[0-9]+)?')
            THEN DATE '1899-12-30' + TRY_CAST(substr(s, 1, 5) AS INTEGER)
    END;

CREATE OR REPLACE TEMP MACRO norm_date(x) AS
    CASE WHEN CAST(TRY_CAST(x AS DATE) AS VARCHAR) = x THEN plausible_date(TRY_CAST(x AS DATE))
        ELSE list_transform(
            list_transform([fold_width(strip(x))], lambda s: date_of_words(s)), lambda d: plausible_date(d))[1] END;

CREATE OR REPLACE TEMP MACRO month_of_words(s) AS
    CASE WHEN regexp_full_match(s, '[0-9]{4}([-/.年](0?[1-9]|1[0-2])月?|(0[1-9]|1[0-2]))')
        THEN concat(substr(s, 1, 4), '-', lpad(regexp_extract(s, '^[0-9]{4}[-/.年]?([0-9]+)', 1), 2, '0')) END;

CREATE OR REPLACE TEMP MACRO norm_month(x) AS
    CASE WHEN regexp_full_match(x, '[0-9]{4}-(0[1-9]|1[0-2])') THEN x
        ELSE coalesce(
            list_transform([squeeze(x)], lambda s: month_of_words(s))[1], strftime(norm_date(x), '%Y-%m')) END;
