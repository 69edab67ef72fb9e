"""With and without compiled code: nothing but time may depend on it."""

from collections.abc import Iterator

import pytest

from asyncclean import native


@pytest.fixture(scope="module", params=["compiled", "not compiled"])
def both_ways(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run a module's tests twice."""
    if request.param == "compiled":
        if native.csv_to_json is None:
            pytest.skip("not built: there was no C compiler")
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        for loop in ("csv_to_json", "json_to_csv", "json_records", "json_proves", "json_array", "line_ends"):
            patch.setattr(native, loop, None)
        yield
