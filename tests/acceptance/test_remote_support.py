"""Remote support: TeamViewer is there, and waits for the technician."""

from __future__ import annotations

import pytest
from tests.acceptance.looking import TEAMVIEWER, Pc
from tests.acceptance.products import judge_listed, judge_service, judge_version, versions


def test_teamviewer_is_there_in_the_version_of_the_catalog(pc: Pc) -> None:
    product = pc.product(TEAMVIEWER)

    judge_version(pc, product, needed=product.version)


def test_windows_lists_teamviewer_as_installed(pc: Pc) -> None:
    judge_listed(pc, pc.product(TEAMVIEWER))


def test_teamviewer_runs_and_starts_with_windows(pc: Pc) -> None:
    product = pc.product(TEAMVIEWER)
    if not versions(pc, product):
        pytest.skip(f"{product.title} is not there")

    names = sorted({name for item in product.detect.evidence for name in item.services})
    judge_service(pc, names, title=product.title)
