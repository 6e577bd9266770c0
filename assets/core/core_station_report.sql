-- LEFT JOIN, so that a report without its station fails the contract and is not silently lost.
SELECT report.*, station.subdistrict_code
FROM station_report AS report
LEFT JOIN station ON station.area_code = report.area_code AND station.station_id = report.station_id
