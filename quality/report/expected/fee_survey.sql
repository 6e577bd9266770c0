-- code: fee-survey
-- zh: 收费统计调查
-- en: Statistical survey of fees
-- expects_zh: 最近一次调查中每家在册机构的答复；只计家数，不列名称（统计法第二十八条）
-- expects_en: an answer of every provider on file in the latest survey; counted only, nobody is named (Statistics Law, Art. 28)
-- source: 统计法 (2024) Art. 28
-- concerns: core_fee_quote
-- reads: open_provider, core_fee_quote
WITH answer AS (
    SELECT area_code, provider_id, strftime(observed_on, '%Y-%m') AS survey_month
    FROM core_fee_quote
    WHERE collection_basis_code = 'statistical_survey'
)
SELECT
    provider.area_code,
    provider.provider_id AS member_id,
    latest.survey_month AS period,
    EXISTS (
        FROM answer
        WHERE answer.area_code = provider.area_code
            AND answer.provider_id = provider.provider_id
            AND answer.survey_month = latest.survey_month
    ) AS is_received
FROM open_provider AS provider
INNER JOIN (SELECT max(survey_month) AS survey_month FROM answer) AS latest ON latest.survey_month IS NOT NULL
