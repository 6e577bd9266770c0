-- code: posted-fees
-- zh: 公示收费
-- en: Posted fees
-- expects_zh: 每家在册机构至少一项现行的公示价格或收费目录清单
-- expects_en: at least one current posted price or catalogue item of every provider on file
-- source: 发改价格〔2024〕1477号; 国卫人口发〔2019〕58号 规范 Art. 15
-- concerns: core_fee_quote
-- reads: open_provider, open_fee_posted
-- names: open_provider, provider_id, provider_name
SELECT
    provider.area_code,
    provider.provider_id AS member_id,
    NULL AS period,
    EXISTS (
        FROM open_fee_posted AS fee
        WHERE fee.area_code = provider.area_code AND fee.provider_id = provider.provider_id
    ) AS is_received
FROM open_provider AS provider
