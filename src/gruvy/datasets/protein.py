"""Protein chains with the secondary structure of each residue."""

from __future__ import annotations

import lzma
from importlib import resources
from typing import TYPE_CHECKING

from gruvy.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd


def load_protein() -> pd.DataFrame:
    """Load protein chains with eight states of secondary structure, no test chain like one that is learnt from.

    ``gruvy.datasets.card("protein")`` names the source and the licence, and says how the parts were made.

    Returns:
        A frame with a row for each chain: ``chain`` (PDB entry and chain), ``sequence`` (T amino acids), ``structure``
        (T states of DSSP: H, G and I helices, E and B strands, T turn, S bend, C none of them), ``split`` ("train",
        "validation" or "test") and ``profile``, an array (T, 20) of log-odds in bits of the amino acids in alphabetical
        order of their letters, among related sequences; None for those training chains whose profile is not shipped.

    Raises:
        MissingExtraError: pandas is not installed.

    Example:
        >>> from gruvy.datasets import load_protein
        >>> load_protein()["split"].value_counts().to_dict()["test"]
        400
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise MissingExtraError("load_protein", "train", error.name) from error
    from gruvy.datasets.make_protein import unpacked

    packed = resources.files("gruvy.datasets").joinpath("protein.xz").read_bytes()
    text, _, profiles = lzma.decompress(packed).partition(b"\0")
    lines = text.decode().splitlines()
    rows, first = [], 0
    for header, sequence, structure in zip(lines[0::3], lines[1::3], lines[2::3], strict=True):
        chain, split, *shipped = header[1:].split()
        last = first + 10 * len(sequence) * bool(shipped)
        rows.append((chain, sequence, structure, split, unpacked(profiles[first:last]) if shipped else None))
        first = last
    return pd.DataFrame(rows, columns=["chain", "sequence", "structure", "split", "profile"])
