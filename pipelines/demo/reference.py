"""Reference rows of the demo district: population and plan targets.

The census total and the promise of two stations a street are real and name their source; what is invented
says so in its source. There is no price cap: no amount has been published.
"""

from __future__ import annotations

from datetime import date

from pipelines.demo.filings import Values
from pipelines.demo.places import STREETS

INVENTED = "演示数据（虚构）"


def population_rows() -> list[Values]:
    """Residents of the district at the 2020 census, and an invented number of children under three."""
    return [
        _population("all_ages", 503_859, "第七次全国人口普查（2020年）滨江区常住人口"),
        _population("total_u3", 16_200, INVENTED),
    ]


def plan_rows() -> list[Values]:
    """Two growth stations in each street by the end of June 2021."""
    return [
        {
            "plan_target_id": f"330108-PLAN-2021-{nth}",
            "subdistrict_code": code,
            "indicator_code": "IND-20",
            "baseline_value": 0,
            "target_value": 2,
            "unit_code": "station",
            "due_on": date(2021, 6, 30),
            "source_name": "滨江区政协“请你来协商”报道（2021年3月29日）：每个街道6月底前建成2家",
        }
        for nth, code in enumerate(STREETS, start=1)
    ]


def _population(band: str, persons: int, source: str) -> Values:
    return {
        "subdistrict_code": "_T",
        "counted_on": date(2020, 11, 1),
        "population_type_code": "resident",
        "age_band_code": band,
        "person_count": persons,
        "source_name": source,
    }
