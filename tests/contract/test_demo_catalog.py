"""The demo installs stand-ins, from entries that differ from the real ones in nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from custode.core.products import Product
from custode.edges.catalog import load_installers, load_product
from winsim.installers import build_installers

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "policies" / "catalog"
DEMO = ROOT / "inventories" / "demo" / "catalog"
PRODUCTS = sorted(path.stem for path in SHIPPED.glob("*.yml"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    build_installers("office", folder)
    return folder


def test_the_demo_has_every_product() -> None:
    assert sorted(path.stem for path in DEMO.glob("*.yml")) == PRODUCTS


def test_the_sums_are_those_of_the_stand_ins(cache: Path) -> None:
    sums = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(cache.iterdir())
    }
    entries = [load_product(DEMO, product_id) for product_id in PRODUCTS]
    assert {entry.installer.file: entry.installer.sha256 for entry in entries} == sums
    assert set(load_installers(DEMO, cache, PRODUCTS, need_files=True)) == set(PRODUCTS)


@pytest.mark.parametrize("product_id", PRODUCTS)
def test_a_demo_entry_differs_only_in_where_the_file_comes_from(product_id: str) -> None:
    def without_origin(product: Product) -> dict[str, object]:
        data = product.model_dump()
        data["installer"] |= {"sha256": None, "source": None}
        return data

    shipped, demo = (load_product(folder, product_id) for folder in (SHIPPED, DEMO))
    assert without_origin(demo) == without_origin(shipped)
