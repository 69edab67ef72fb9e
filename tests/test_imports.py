"""Imports point down only, from the face to the wire; rooms side by side know nothing of each other."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "asyncclean"

BOTTOM = {"errors", "events", "kinds"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "events": set(),
    "kinds": set(),
    "api": BOTTOM,
    "native": set(),
    "files": BOTTOM | {"native"},
    "workflows": BOTTOM,
    "transfer": BOTTOM | {"api", "files"},
    "summary": BOTTOM,
    "plan": BOTTOM | {"api", "files", "transfer"},
    "run": BOTTOM | {"api", "files", "transfer", "plan"},
    "flows": BOTTOM | {"api", "files", "transfer", "plan", "run", "summary"},
    "several": BOTTOM | {"files", "transfer", "plan", "run", "flows", "summary"},
    "bench": BOTTOM | {"api", "plan"},
    "settings": BOTTOM | {"api"},
    "server": BOTTOM | {"api", "native", "workflows"},
    "local": BOTTOM | {"server"},
    "opening": BOTTOM | {"api", "plan", "settings", "local"},
    "client": BOTTOM
    | {
        "api",
        "files",
        "transfer",
        "plan",
        "run",
        "flows",
        "several",
        "bench",
        "settings",
        "summary",
        "opening",
    },
    "cli": BOTTOM
    | {"client", "files", "native", "transfer", "plan", "bench", "settings", "summary", "local", "cli"},
    "testing": BOTTOM | {"api", "client", "local", "settings"},
    "__init__": BOTTOM | {"api", "client", "plan", "settings", "summary", "transfer"},
    "__main__": {"cli"},
}
"""What each room (a folder or a module at the top) may import of the package, besides itself."""


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """The rooms that a module imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.ImportFrom(module="asyncclean", names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module)) if module.startswith("asyncclean."):
                yield module.split(".")[1]
            case ast.Import(names=names):
                yield from (
                    alias.name.split(".")[1] for alias in names if alias.name.startswith("asyncclean.")
                )
            case _:
                pass


def test_every_import_points_down() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {target}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for target in imported(path)
        if target != room(path) and target not in MAY_IMPORT[room(path)]
    ]
    assert wrong == []


def test_of_the_api_the_server_takes_only_the_models() -> None:
    for path in (PACKAGE / "server").rglob("*.py"):
        text = path.read_text()
        assert text.count("asyncclean.api") == text.count("asyncclean.api.models"), path


def test_no_module_is_longer_than_400_lines() -> None:
    long = {
        path.name: lines for path in PACKAGE.rglob("*.py") if (lines := path.read_text().count("\n")) > 400
    }
    assert long == {}
