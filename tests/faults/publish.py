"""The publisher's own entry on the small house of the release tests: all of it but a district's contracts.

publish.py --open DIR --published DIR --work DIR --as-of YYYY-MM-DD ...     as `python -m assets.release.publisher`
publish.py --prepare DIR COUNT                                              makes the open tables to publish

Prepared are `base`, `next` (both datasets and every table changed) and as many more, each with other fees.
"""

from __future__ import annotations

import sys
from pathlib import Path

from assets.release import publisher
from tests.assets.release import house


def prepare(folder: Path, count: int) -> None:
    """The open tables of each release to come, in folders of their own."""
    given = house.registry()
    fewer = {"open_provider": house.PROVIDERS[:2], "open_provider_class": house.CLASSES[:2]}
    house.write_open(given, folder / "base", open_fee_posted=house.FEES[:1], **fewer)
    house.write_open(given, folder / "next")
    for number in range(count):
        fees = [(*house.FEES[0][:2], f"{1000 + number}.00")]
        house.write_open(given, folder / str(number), open_fee_posted=fees, **fewer)


if __name__ == "__main__":
    if sys.argv[1] == "--prepare":
        prepare(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        publisher.load = lambda _: house.registry()
        sys.exit(publisher.main())
