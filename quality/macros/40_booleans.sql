-- Yes and no as forms have them. 无 (none) is no here, not a missing value.

CREATE OR REPLACE TEMP MACRO boolean_of_word(s) AS
    CASE WHEN s IN ('true', 't', '1', '1.0', 'y', 'yes', '是', '有', '√', '✓', '✔', '☑', '对', '普惠') THEN TRUE
        WHEN s IN ('false', 'f', '0', '0.0', 'n', 'no', '否', '无', '没有', '×', '✗', '✘', '☒', '错', '非普惠') THEN FALSE END;

CREATE OR REPLACE TEMP MACRO norm_boolean(x) AS
    CASE WHEN x IN ('true', '1', '是') THEN TRUE
        WHEN x IN ('false', '0', '否') THEN FALSE
        ELSE list_transform([lower(squeeze(x))], lambda s: boolean_of_word(s))[1] END;
