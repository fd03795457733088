"""docs/inputs.md is the cases of this folder; `python tests/inputs/test_inputs_docs.py` writes it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "inputs.md"

OPENING = """# What people bring

What gruvy makes of files, tables and models as people have them: it takes them as they are (accepted), reads them as
their owner meant them and says how (adapted: one line on stderr, an `InputNote` in Python), or refuses them with one
line that names the place and the cure. Every row is a test in `tests/inputs/`, from which this page is made; `…` stands
for what differs from machine to machine.
"""


def page() -> str:
    parts = [OPENING]
    for path in sorted(HERE.glob("test_*.py")):
        if path.name == Path(__file__).name:
            continue
        spec = importlib.util.spec_from_file_location(f"inputs_of_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        rows = [
            f"| {_cell(case.what)} | {case.outcome} | {_cell(f'`{case.line}`' if case.line else '')} |"
            for case in module.CASES
        ]
        parts.append(f"## {module.TITLE}\n\n| input | | what is said |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def test_the_page_is_what_the_cases_say():
    assert PAGE.read_text(encoding="utf-8") == page(), "python tests/inputs/test_inputs_docs.py writes it"


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent / "support"))
    PAGE.write_text(page(), encoding="utf-8")
