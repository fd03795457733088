"""Delimited text as spreadsheets, databases and loggers write it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from input_cases import Case, named

from gruvy.data import read_table

TITLE = "Tables in text files"


def reads(content: str | bytes, values: dict, /, *, name: str = "t.csv", encoding: str = "utf-8", **how) -> Callable:
    """A run that writes a file, reads it and compares its columns."""

    def run(folder: Path) -> None:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        frame = read_table(path, **how)
        for column, wanted in values.items():
            found = frame[column].tolist()
            if all(isinstance(one, str | None) for one in wanted):
                assert [None if one != one else one for one in found] == wanted
            else:
                np.testing.assert_array_equal(frame[column].to_numpy(dtype=float), wanted)

    return run


def refused(content: str | bytes, /, **how) -> Callable:
    return reads(content, {}, **how)


def packed(pack: Callable[[bytes], bytes], name: str) -> Callable:
    return reads(pack(b"day,y\n2024-01-01,1.5\n2024-01-02,2\n"), {"y": [1.5, 2]}, name=name, numbers=["y"])


def zipped(folder: Path) -> None:
    with zipfile.ZipFile(folder / "t.csv.zip", "w") as file:
        file.writestr("t.csv", "day,y\n2024-01-01,1.5\n")
        file.writestr("__MACOSX/._t.csv", "x")
    assert read_table(folder / "t.csv.zip", numbers=["y"])["y"].tolist() == [1.5]


Y, IDS = {"numbers": ["y"]}, {"texts": ["id"], "numbers": ["y"]}
CASES = [
    Case(
        "ids and labels such as 007, NA, None and 1e5",
        "accepted",
        reads("id,y\n007,1\nNA,2\nNone,3\n1e5,4\n,5\n", {"id": ["007", "NA", "None", "1e5", None]}, **IDS),
    ),
    Case("true and false as ids", "accepted", reads("id,y\nTRUE,1\nfalse,2\n", {"id": ["TRUE", "false"]}, **IDS)),
    Case(
        "a number beyond 64 bits as an id",
        "accepted",
        reads("id,y\n12345678901234567890123,1\n", {"id": ["12345678901234567890123"]}, **IDS),
    ),
    Case(
        "a comma at the end of each row, but not of the header",
        "refused",
        refused("grade,w1,w2\n2,0,5,\n3,1,4,\n"),
        "…t.csv: line 2: 4 fields, expected 3 as in the header (2 such rows): '2,0,5,'; take the ',' at the line's end "
        "away, or write one after the header too",
    ),
    Case(
        "a comma in a text without quotation marks",
        "refused",
        refused("text,label\nnot bad, good film,pos\nbad,neg\n", texts=["text", "label"]),
        "…t.csv: line 2: 3 fields, expected 2 as in the header: 'not bad, good film,pos'; put a cell that has a ',' in "
        "it into quotation marks, or give the header a name for each field",
    ),
    Case(
        "a row cut short, after a cell of two lines",
        "refused",
        refused('text,label\n"two\nlines",pos\nbad\n'),
        "…t.csv: line 4: 1 fields, expected 2 as in the header: 'bad'; complete the row, or take it out if it is no "
        "row of the table",
    ),
    Case(
        "a footnote below the table",
        "refused",
        refused("day,y\n2024-01-01,5\nSource: the office\n"),
        "…t.csv: line 3: 1 fields, expected 2 as in the header: 'Source: the office'; complete the row, or take it out "
        "if it is no row of the table",
    ),
    Case(
        "a quotation mark that is not closed",
        "refused",
        refused('text,label\n"so bad,neg\ngood,pos\n'),
        "…t.csv: line 2: a quotation mark that opens there is not closed where its cell ends (…); write a mark in a "
        "cell twice, and the cell in marks",
    ),
    Case(
        "semicolons and decimal commas",
        "adapted",
        reads("day;y\n01.02.2024;1,5\n02.02.2024;2\n", {"y": [1.5, 2]}, **Y),
        "…t.csv: read with semicolons between fields; decimal commas",
    ),
    Case(
        "bars between fields",
        "adapted",
        reads("id|y\na,b|1.5\nc|2\n", {"id": ["a,b", "c"], "y": [1.5, 2]}, **IDS),
        "…t.csv: read with bars between fields",
    ),
    Case("Excel's line sep=;", "accepted", reads("sep=;\nid;y\na,b;1\n", {"id": ["a,b"], "y": [1]}, **IDS)),
    Case(
        "commas in the names of columns between semicolons",
        "adapted",
        reads("load, MW;temp, C\n1,5;2,5\n3;4\n", {"load, MW": [1.5, 3]}, numbers=["load, MW"]),
        "…t.csv: read with semicolons between fields; decimal commas",
    ),
    Case(
        "one header under commas and another under semicolons",
        "refused",
        refused("a,b;c\nx,y;z\nu,v;w\n"),
        "…t.csv: commas between fields make the header ['a', 'b;c'], semicolons make it ['a,b', 'c']; say which "
        "(--delimiter comma or semicolon; in Python delimiter=)",
    ),
    Case(
        "the same, with the delimiter given",
        "accepted",
        reads("a,b;c\nx,y;z\nu,v;w\n", {"c": ["z", "w"]}, delimiter="semicolon"),
    ),
    Case(
        "1.234,5 and 1.234 in one column",
        "adapted",
        reads("id;y\na;1.234,5\nb;1.234\n", {"y": [1234.5, 1234]}, **IDS),
        "…t.csv: read with semicolons between fields; decimal commas",
    ),
    Case(
        '"1,234.5" and "1,234,567"',
        "accepted",
        reads('id,y\na,"1,234.5"\nb,"1,234,567"\n', {"y": [1234.5, 1234567]}, **IDS),
    ),
    Case(
        "spaces, thin spaces and apostrophes between thousands, and a minus sign U+2212",
        "accepted",
        reads(
            "id,y\na,1 234.5\nb,1\u202f234\nc,1'234.25\nd,\u22125\ne,\u00a07\n",
            {"y": [1234.5, 1234, 1234.25, -5, 7]},
            **IDS,
        ),
    ),
    Case(
        'nothing but numbers like "1,234"',
        "refused",
        refused('id,y\na,"1,234"\nb,"2,500"\n', **IDS),
        "…t.csv: column 'y': '1,234' can be 1234.0 (decimal point) or 1.234 (decimal comma), and nothing in the file "
        "tells which; say --decimal . or --decimal , (in Python read_table(..., decimal=))",
    ),
    Case(
        "the same, with --decimal .",
        "accepted",
        reads('id,y\na,"1,234"\nb,"2,500"\n', {"y": [1234, 2500]}, decimal=".", **IDS),
    ),
    Case(
        "1.234 between semicolons, and no other number",
        "refused",
        refused("id;y\na;1.234\nb;2.500\n", **IDS),
        "…t.csv: column 'y': '1.234' can be 1.234 (decimal point) or 1234.0 (decimal comma), and nothing in the file "
        "tells which; say --decimal . or --decimal , (in Python read_table(..., decimal=))",
    ),
    Case(
        "the same beside a column with decimal commas",
        "adapted",
        reads("id;y;z\na;1.234;0,5\nb;2.500;0,25\n", {"y": [1234, 2500], "z": [0.5, 0.25]}, **IDS),
        "…t.csv: read with semicolons between fields; decimal commas",
    ),
    Case(
        "decimal points and commas in one column",
        "refused",
        refused("id;y\na;1.5\nb;2,5\n", **IDS),
        "…t.csv: column 'y': has numbers with a decimal point ('1.5') and with a decimal comma ('2,5'); write all of "
        "them in one way",
    ),
    Case(
        "shares in per cent",
        "adapted",
        reads("id,y\na,12%\nb,12.3 %\n", {"y": [0.12, 0.123]}, **IDS),
        "…t.csv: read with the unit '%' left out in 'y' (1% is 0.01)",
    ),
    Case(
        "money in front and in brackets",
        "adapted",
        reads('id,y\na,"$1,234.50"\nb,($5.00)\n', {"y": [1234.5, -5]}, **IDS),
        "…t.csv: read with the unit '$' left out in 'y'",
    ),
    Case(
        "numbers in kilograms and in grams",
        "refused",
        refused("id,y\na,5 kg\nb,300 g\n", **IDS),
        "…t.csv: column 'y': has numbers in different units, such as '300 g' and '5 kg'; write all in one",
    ),
    Case(
        "-, n/a, #N/A and NaN among numbers",
        "adapted",
        reads("id,y\na,1\nb,-\nc,n/a\nd,#N/A\ne,NaN\n", {"y": [1] + [np.nan] * 4}, **IDS),
        "…t.csv: read with '#N/A' in 'y' missing; '-' in 'y' missing; 'NaN' in 'y' missing; 'n/a' in 'y' missing",
    ),
    Case(
        "null of a database",
        "adapted",
        reads("id,y\na,1\nb,\\N\n", {"y": [1, np.nan]}, **IDS),
        "…t.csv: read with '\\\\N' in 'y' missing",
    ),
    Case("TRUE and FALSE as numbers", "accepted", reads("id,y\na,TRUE\nb,FALSE\n", {"y": [1, 0]}, **IDS)),
    Case(
        "quoted numbers, and a spreadsheet's apostrophe",
        "accepted",
        reads('id,y\n"a","5"\n"b",\'7\n', {"y": [5, 7]}, **IDS),
    ),
    Case("UTF-8 with a byte-order mark", "accepted", reads("\ufeffid,y\nä,1\n", {"id": ["ä"]}, **IDS)),
    Case(
        "UTF-16, as Excel's Unicode text",
        "adapted",
        reads("id\ty\nä\t1\nß\t2\n", {"id": ["ä", "ß"]}, name="t.txt", encoding="utf-16", **IDS),
        "…t.txt: read with encoding utf-16",
    ),
    Case(
        "UTF-16 without a mark",
        "adapted",
        reads("id,y\na,1\nb,2\n", {"y": [1, 2]}, encoding="utf-16-le", **IDS),
        "…t.csv: read with encoding utf-16-le",
    ),
    Case(
        "Western European text (cp1252)",
        "adapted",
        reads(
            "id,y °C\nMünchen,1\nCafé,2\n5 €,3\n",
            {"id": ["München", "Café", "5 €"], "y °C": [1, 2, 3]},
            encoding="cp1252",
            texts=["id"],
        ),
        "…t.csv: read with encoding cp1252",
    ),
    Case(
        "Cyrillic text in cp1251",
        "refused",
        refused("id,y\nпривет,1\n", encoding="cp1251", **IDS),
        "…t.csv: is not in UTF-8, and line 2 reads 'ïðèâåò' as cp1252 or 'привет' as cp1251 or 'ďđčâĺň' as cp1250; "
        "give the encoding (--encoding; in Python encoding=)",
    ),
    Case(
        "Polish text in cp1250",
        "refused",
        refused("id,y\nz\u0142oty,1\n", encoding="cp1250", **IDS),
        "…t.csv: is not in UTF-8, and line 2 reads 'z³oty' as cp1252 or 'zіoty' as cp1251 or 'złoty' as cp1250; "
        "give the encoding (--encoding; in Python encoding=)",
    ),
    Case(
        "lines of a logger above the header",
        "adapted",
        reads("# logger 7\n# site: Berlin\nday,y\n2024-01-01,5\n2024-01-02,6\n", {"y": [5, 6]}, **Y),
        "…t.csv: read with the 2 lines above the header in line 3 left out",
    ),
    Case(
        "names and values above the header, between the same delimiters",
        "adapted",
        reads(
            "Station,Berlin\nHeight,50\n\nday,y,z\n2024-01-01,5,1\n2024-01-02,6,2\n", {"y": [5, 6]}, times=["day"], **Y
        ),
        "…t.csv: read with the 2 lines above the header in line 4 left out",
    ),
    Case(
        "a header behind a # (numpy.savetxt)", "accepted", reads("# x,y\n1,5\n2,6\n", {"x": [1, 2], "y": [5, 6]}, **Y)
    ),
    Case("texts that begin with #", "accepted", reads("id,y\n#good,1\n#bad,2\n", {"id": ["#good", "#bad"]}, **IDS)),
    Case(
        "units below the header",
        "adapted",
        reads("day,y,z\nUTC,°C,m/s\n2024-01-01,5,1\n2024-01-02,6,2\n", {"y": [5, 6]}, **Y),
        "…t.csv: read with line 2 (UTC, °C, m/s) left out as units",
    ),
    Case(
        "a Campbell logger's four lines (TOA5)",
        "adapted",
        reads(
            '"TOA5","CR1000","7","99"\n"TIMESTAMP","RECORD","T","P"\n"TS","RN","Deg C","hPa"\n"","","Avg","Smp"\n'
            '"2024-01-01 00:00:00",1,5.5,1000\n"2024-01-01 00:10:00",2,6.5,1001\n"2024-01-01 00:20:00",3,7.5,1002\n',
            {"T": [5.5, 6.5, 7.5]},
            times=["TIMESTAMP"],
            numbers=["T"],
        ),
        "…t.csv: read with the line above the header in line 2 left out; line 3 (TS, RN, Deg C, hPa, ...) left out as "
        "units",
    ),
    Case(
        "a word among the numbers of the first row, which is no unit",
        "accepted",
        reads("id,y\na,high\nb,2\nc,3\nd,4\n", {"id": ["a", "b", "c", "d"]}, **IDS),
    ),
    Case(
        "no header",
        "refused",
        refused("2024-01-01,5\n2024-01-02,6\n", times=["day"], **Y),
        "…t.csv: line 1 (2024-01-01, 5) has numbers or dates where the names of the columns are expected; write a line "
        "of names above it",
    ),
    Case("columns that are called 0, 1, 2", "accepted", reads("0,1,2\n5,6,7\n", {"1": [6]}, numbers=None)),
    Case(
        "spaces between fields",
        "adapted",
        reads("x    y\n1   5\n20  6\n", {"y": [5, 6]}, name="t.txt", numbers=["x", "y"]),
        "…t.txt: read with spaces between fields",
    ),
    Case(
        "the numbers of the rows, as pandas writes them",
        "adapted",
        reads(",a,y\n0,3,5\n1,4,6\n", {"y": [5, 6]}, numbers=None),
        "…t.csv: read with its nameless first column, the numbers of the rows, left out",
    ),
    Case(
        "an index of times without a name, as pandas writes it",
        "adapted",
        reads(",y\n2024-01-01,5\n2024-01-02,6\n", {"day": ["2024-01-01", "2024-01-02"]}, times=["day"], **Y),
        "…t.csv: read with its nameless first column called 'day'",
    ),
    Case("blank rows at the end", "accepted", reads("id,y\na,1\nb,2\n,\n,\n\n", {"id": ["a", "b"]}, **IDS)),
    Case(
        "a comma after every line", "accepted", reads("id,y,\na,1,\nb,2,\n", {"y": [1, 2]}, texts=["id"], numbers=None)
    ),
    Case(
        "two columns of one name",
        "refused",
        refused("day,y,y\n2024-01-01,5,3\n", **Y),
        "…t.csv: column 'y' is there 2 times (columns 2, 3); give each a name of its own",
    ),
    Case("two columns of one name that nobody needs", "accepted", reads("n,n,y\n5,3,1\n", {"y": [1], "n.1": [3]}, **Y)),
    Case("a table in bytes of gzip, .csv.gz", "accepted", packed(gzip.compress, "t.csv.gz")),
    Case("a table in .csv.bz2", "accepted", packed(bz2.compress, "t.csv.bz2")),
    Case("a table in .csv.xz", "accepted", packed(lzma.compress, "t.csv.xz")),
    Case("a table in .csv.zip, made on a Mac", "accepted", zipped),
    Case(
        "JSON whose ids are texts and numbers, and whose dates are numbers",
        "accepted",
        reads(
            '{"id":"007","date":20240101,"y":1}\n{"id":7,"date":20240102,"y":null}\n',
            {"id": ["007", "7"], "date": [20240101, 20240102], "y": [1, np.nan]},
            name="t.jsonl",
            **IDS,
        ),
    ),
    Case(
        "a list of records in .json",
        "accepted",
        reads('[{"id":"NA","y":1.5}]', {"id": ["NA"], "y": [1.5]}, name="t.json", **IDS),
    ),
    Case(
        "a line of JSON cut short",
        "refused",
        refused('{"id":"a"}\n{"id":"b"\n', name="t.jsonl"),
        "…t.jsonl: line 2: is no JSON (Expecting ',' delimiter); write one object a line",
    ),
    Case(
        "MongoDB's export, with $oid and $date",
        "accepted",
        reads(
            '{"_id":{"$oid":"a1"},"at":{"$date":"2024-01-01T00:00:00Z"},"y":{"$numberLong":"1"}}\n'
            '{"_id":{"$oid":"a2"},"at":{"$date":{"$numberLong":"1704153600000"}},"y":2.5}\n',
            {"_id": ["a1", "a2"], "at": ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"], "y": [1, 2.5]},
            name="t.json",
            texts=["_id"],
            times=["at"],
            numbers=["y"],
        ),
    ),
    Case(
        "JSON with objects inside of rows",
        "adapted",
        reads(
            '{"a":{"b":{"c":1}},"y":1}\n{"a":null,"y":2}\n',
            {"a.b.c": [1, np.nan], "y": [1, 2]},
            name="t.ndjson",
            numbers=["a.b.c", "y"],
        ),
        "…t.ndjson: objects inside of rows are columns of their own: 'a.b.c'",
    ),
    Case(
        "JSON with an inner and an outer value of one name",
        "refused",
        refused('{"a":{"b":1},"a.b":2}\n', name="t.jsonl"),
        "…t.jsonl: row 1: has two values called 'a.b'; rename one of them",
    ),
    Case(
        "the answer of a web service, {'data': [...]}",
        "accepted",
        reads('{"data":[{"y":1},{"y":2}]}', {"y": [1, 2]}, name="t.json", **Y),
    ),
    Case(
        "pandas' JSON of columns, index and data",
        "accepted",
        reads('{"columns":["id","y"],"index":[0],"data":[["7",2]]}', {"id": ["7"], "y": [2]}, name="t.json", **IDS),
    ),
    Case("a list in .jsonl", "accepted", reads('[{"y":1},\n{"y":2}]', {"y": [1, 2]}, name="t.jsonl", **Y)),
    Case(
        "lines of JSON that are lists",
        "refused",
        refused('["a",1]\n["b",2]\n', name="t.ndjson"),
        '…t.ndjson: expected a list of objects, one a row, got row 1 is ["a", 1]; write each row with the names of its '
        'columns, such as {"day": "2024-01-31", "sold": 5}',
    ),
    Case(
        "JSON with two tables",
        "refused",
        refused('{"a":[{"y":1}],"b":[{"y":2}]}', name="t.json"),
        "…t.json: has several tables: 'a', 'b'; write the one that is meant into a file of its own",
    ),
    Case(
        "pandas' JSON without orient='records'",
        "refused",
        refused('{"a":{"0":1,"1":2},"b":{"0":3,"1":4}}', name="t.json"),
        "…t.json: expected a list of objects, one a row, got an object of objects; write it again as a list, in pandas "
        "with to_json(orient='records')",
    ),
    Case(
        "JSON columns of different lengths",
        "refused",
        refused('{"a":[1,2],"b":[1]}', name="t.json"),
        "…t.json: its columns have different lengths: {'a': 2, 'b': 1}; write a value for every row",
    ),
    Case(
        "a sheet asked for of a text",
        "refused",
        refused("id,y\na,1\n", sheet="2"),
        "sheet: …t.csv has none; it is for .xlsx, .xlsm, .xlsb, .xls, .ods",
    ),
]


@pytest.mark.parametrize("case", named(CASES))
def test_tables(case, tmp_path):
    case.check(tmp_path)
