-- Stations are public facilities: all but their internal receipt number is public, closed ones stay with their date.
SELECT
    area_code,
    station_id,
    station_name,
    station_type_code,
    gross_area_m2,
    subdistrict_code,
    community_name,
    address,
    operator_code,
    host_facility_code,
    opened_on,
    closed_on,
    station_status_code,
    offers_temporary_care,
    open_days_per_week,
    opening_hours,
    zone_codes,
    reported_on AS last_verified_on
FROM core_station
