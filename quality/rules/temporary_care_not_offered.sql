-- code: temporary-care-not-offered
-- severity: warning
-- table: station_report
-- column: temporary_care_hours
-- says_zh: 月报有临时托，但驿站登记为不提供临时托
-- says_en: Temporary care is reported, but the station does not offer it
-- advice_zh: 请核对月报；确已开展的，请先办理临时托登记并更新驿站信息
-- advice_en: Correct the report, or register the temporary care and update the station
-- source: 浙江省家庭和社区3岁以下婴幼儿照护指南（试行）
-- dq: 0402
-- implements: R-STN-04
SELECT report.source_sha256, report.source_sheet, report.source_row,
    coalesce(report.temporary_care_hours, report.temporary_care_child_count) AS value
FROM station_report AS report
INNER JOIN station ON station.area_code = report.area_code AND station.station_id = report.station_id
WHERE (report.temporary_care_hours > 0 OR report.temporary_care_child_count > 0)
    AND NOT coalesce(station.offers_temporary_care, FALSE)
