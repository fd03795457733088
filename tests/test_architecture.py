"""The house keeps its shape: imports point downwards, and `import gruvy` stays light."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gruvy

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "gruvy"
HEAVY = {"torch", "lightning", "pandas", "pyarrow", "sklearn", "keras", "ray", "typer", "rich", "plotly", "jinja2"}


def allowed() -> dict[str, set[str]]:
    """Read the table "Who may import whom" from ARCHITECTURE.md."""
    text = (ROOT / "ARCHITECTURE.md").read_text().split("## Who may import whom")[1]
    rows = re.findall(r"^\| (\w+) \|(.*)\|$", text, re.MULTILINE)
    return {part: set(re.findall(r"\w+", may)) for part, may in rows if part != "part"}


def part_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """Parts of gruvy that a file imports, anywhere in it, type hints' imports included."""
    found = set()
    for node in ast.walk(parsed(path)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "gruvy" else [node.module]
        found |= {name.split(".")[1] for name in names if name and name.startswith("gruvy.")}
    return found - {"__version__"}


def violations(files: list[Path], table: dict[str, set[str]]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports gruvy.{target}"
        for path in files
        for target in sorted(imports_of(path) - table[part_of(path)] - {part_of(path), "_engine"})
    ]


def source_files() -> list[Path]:
    # The front door and `python -m gruvy` only forward to what is below them.
    return [
        p for p in sorted(SOURCE.rglob("*.py")) if p.parent != SOURCE or p.name not in ("__init__.py", "__main__.py")
    ]


def module_of(path: Path) -> str:
    """The dotted name of a file's module."""
    return ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def arrows(files: list[Path]) -> dict[str, set[str]]:
    """Which files of gruvy each file imports, anywhere in it, type hints' imports included."""
    modules = {module_of(path): path for path in files}
    found: dict[str, set[str]] = {}
    for name, path in modules.items():
        found[name] = set()
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names} & modules.keys()
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:  # a module of a package, or a name in a module
                    found[name] |= {f"{node.module}.{alias.name}", f"{node.module}"} & modules.keys()
                if any(f"{node.module}.{alias.name}" in modules for alias in node.names):
                    found[name].discard(f"{node.module}")
    return found


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of files that import each other, directly or through others (strongly connected components)."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        reached[start], open_ends = set(), list(graph[start])
        while open_ends:
            name = open_ends.pop()
            if name not in reached[start]:
                reached[start].add(name)
                open_ends += graph[name]
    groups = {frozenset({name, *(other for other in reached[name] if name in reached[other])}) for name in graph}
    return sorted(sorted(group) for group in groups if len(group) > 1 or group <= reached[min(group)])


def neighbours(graph: dict[str, set[str]]) -> set[tuple[str, str]]:
    """Pairs of tasks of which the first imports the second."""

    def task(name: str) -> str | None:
        parts = name.split(".")
        inside = parts[1] == "tasks" and len(parts) > 2 and (SOURCE / "tasks" / parts[2]).is_dir()
        return parts[2] if inside and parts[2] not in SHARED_BY_TASKS else None

    pairs = {(task(name), task(other)) for name, others in graph.items() for other in others}
    return {(one, other) for one, other in pairs if one and other and one != other}


SHARED_BY_TASKS = {"shared", "labels"}


def test_no_files_import_each_other_in_a_circle():
    assert circles(arrows(source_files())) == []


def test_a_circle_would_be_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a", "d"}}
    assert circles(graph) == [["b", "c"], ["d"]]


def test_no_task_imports_another():
    assert neighbours(arrows(source_files())) == set()


def test_imports_point_downwards():
    assert violations(source_files(), allowed()) == []


def test_a_wrong_arrow_would_be_found():
    table = {part: set() for part in allowed()}
    assert any("nn/gru.py imports gruvy.engine" in line for line in violations(source_files(), table))


def test_the_table_names_the_parts_that_there_are_in_an_order_without_cycles():
    table = allowed()
    assert set(table) == {part_of(path) for path in source_files()}
    order = list(table)
    for part, targets in table.items():
        assert all(order.index(target) < order.index(part) for target in targets), part


def test_only_the_engine_module_loads_the_native_one():
    users = [p for p in source_files() if re.search(r"import _engine|gruvy\._engine", p.read_text())]
    assert users == [SOURCE / "engine.py"]


def test_import_gruvy_is_light():
    code = "import sys, gruvy; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "gruvy" in loaded
    assert not loaded & HEAVY


def test_every_public_name_can_be_had():
    for name in gruvy.__all__:
        assert getattr(gruvy, name) is not None


def test_an_unknown_name_is_told_with_those_there_are():
    with pytest.raises(AttributeError, match=r"no attribute 'Forcaster'; it has .*Forecaster"):
        gruvy.Forcaster  # noqa: B018


def test_quick_has_something_of_every_room():
    """``make quick`` runs what tests/quick.txt lists."""
    tests = ROOT / "tests"
    lines = [line for line in (tests / "quick.txt").read_text().split() if not line.startswith("--")]
    assert [line for line in lines if not (ROOT / line.split("::")[0]).is_file()] == []
    rooms = {path.parent.relative_to(ROOT).as_posix() for path in tests.rglob("test_*.py")}
    assert rooms - {line.split("::")[0].rpartition("/")[0] for line in lines} == set()
