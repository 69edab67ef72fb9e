"""The public names: what is promised is there, and nothing comes in before it is asked for."""

import subprocess
import sys

import asyncclean


def test_every_promised_name_is_there() -> None:
    assert sorted(asyncclean.__all__) == list(asyncclean.__all__)
    assert {name for names in asyncclean._HOMES.values() for name in names} == set(asyncclean.__all__)
    for name in asyncclean.__all__:
        assert getattr(asyncclean, name) is not None
        assert name in dir(asyncclean)


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(asyncclean, "nothing_of_the_kind")


def test_the_package_alone_imports_nothing_heavy() -> None:
    code = "import asyncclean, sys; print([name for name in ('polars', 'aiohttp') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
