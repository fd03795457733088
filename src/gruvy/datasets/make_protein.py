"""Makes protein.xz from the Debian package promod3-data 3.2.1+ds-6; protein.json has the hash to compare with.

apt-get download promod3-data && dpkg-deb -x promod3-data_*.deb promod3
apt-get install mmseqs2
python -m gruvy.datasets.make_protein promod3/usr/share/promod3/loop_data/structure_db.dat protein.xz

It clusters on one thread, which takes some four minutes.
"""

from __future__ import annotations

import hashlib
import lzma
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SOURCE_SHA256 = "0f1c6e35a3f248fddd0c2c0da2c0d1145b502d4663fe8adb7239f27adad3301a"
# Places in that file: how many residues there are, where each kind of data begins, and the table of the chains.
_RESIDUES, _SEQUENCE, _STRUCTURE, _PROFILE = 4_561_225, 697_020, 151_217_485, 155_778_718
_CHAINS, _TABLE = 21_119, 0x55
_RECORD = np.dtype(
    [("", "V4"), ("entry", "S4"), ("", "V4"), ("chain", "S1"), ("first", "<u4"), ("length", "<u2"), ("", "V14")]
)

# Residues of the chains that are clustered; longer ones than the second limit are left out then.
SHORTEST, LONGEST, LONGEST_SHIPPED = 40, 1000, 600
TEST = VALIDATION = 400
# Training chains whose profiles are shipped: all of them would take 11 MB.
PROFILES = 2_700
# A chain is kept from learning where mmseqs2 finds it like a held-out one: by identity, or by an alignment that chance
# does not give.
IDENTITY, CHANCE = 0.3, 1e-3

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
# How often they are in the source (its profiles' mean), and what is added to a share, so that none is 0.
BACKGROUND = np.array(
    [
        *(0.0825, 0.0137, 0.0545, 0.0675, 0.0386, 0.0707, 0.0227, 0.0593, 0.0584, 0.0966),
        *(0.0242, 0.0406, 0.0470, 0.0393, 0.0553, 0.0656, 0.0534, 0.0687, 0.0108, 0.0292),
    ]
)
PSEUDO = 0.01
LOWEST, HIGHEST = -2, 3
LEVELS = HIGHEST - LOWEST + 1


@dataclass(frozen=True)
class Chain:
    """One chain of the source: its name, T residues, T states of DSSP, and its profile (T, 20) of shares."""

    name: str
    sequence: str
    structure: str
    profile: NDArray[np.uint16]


def main() -> None:
    """Read the source file named first, write the file named second, print the content's hash."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    if digest != SOURCE_SHA256:
        raise SystemExit(f"{source} has sha256 {digest}, expected {SOURCE_SHA256}: use promod3-data 3.2.1+ds-6")
    chains = {chain.name: chain for chain in read_chains(source) if SHORTEST <= len(chain.sequence) <= LONGEST}
    sequences = {name: chain.sequence for name, chain in chains.items()}
    with tempfile.TemporaryDirectory() as folder:
        found = representatives(sequences, Path(folder))
        names = in_order(name for name in found if len(sequences[name]) <= LONGEST_SHIPPED)
        queries = names[: 2 * (TEST + VALIDATION)]
        alike = relatives(sequences, queries, names, Path(folder))
    content = write(chains, split(names, alike))
    target.write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))
    print(f"{target}: {target.stat().st_size:,} bytes, content sha256 {hashlib.sha256(content).hexdigest()}")


def read_chains(source: Path) -> list[Chain]:
    """Read the chains of ProMod3's structure database of that version."""
    raw = np.memmap(source, np.uint8, mode="r")
    sequence, structure = (raw[first : first + _RESIDUES] for first in (_SEQUENCE, _STRUCTURE))
    profile = np.frombuffer(raw, np.uint16, 20 * _RESIDUES, _PROFILE).reshape(-1, 20)
    found = []
    for record in np.frombuffer(raw, _RECORD, _CHAINS, _TABLE):
        part = slice(int(record["first"]), int(record["first"]) + int(record["length"]))
        name = (record["entry"] + record["chain"]).decode()
        found.append(Chain(name, bytes(sequence[part]).decode(), bytes(structure[part]).decode(), profile[part]))
    return found


def representatives(sequences: Mapping[str, str], folder: Path) -> list[str]:
    """Return one chain of each cluster of mmseqs2 at 30% identity over half of the shorter chain."""
    _fasta(folder / "all.fasta", sequences, sequences)
    options = ["--min-seq-id", str(IDENTITY), "-c", "0.5", "--cov-mode", "1", "-s", "7.5", "--threads", "1"]
    _mmseqs("easy-cluster", folder / "all.fasta", folder / "found", folder / "work", *options)
    table = (folder / "found_cluster.tsv").read_text(encoding="utf-8").splitlines()
    return sorted({line.split("\t")[0] for line in table})


def relatives(
    sequences: Mapping[str, str], queries: Iterable[str], targets: Iterable[str], folder: Path
) -> dict[str, set[str]]:
    """Return for each query the targets that mmseqs2 finds alike; see `IDENTITY` and `CHANCE`."""
    _fasta(folder / "queries.fasta", sequences, queries)
    _fasta(folder / "targets.fasta", sequences, targets)
    options = ["-s", "7.5", "--max-seqs", "2000", "-e", "0.1", "--alignment-mode", "3", "--threads", "1"]
    columns = "query,target,fident,evalue"
    files = (folder / "queries.fasta", folder / "targets.fasta", folder / "hits.tsv", folder / "work")
    _mmseqs("easy-search", *files, *options, "--format-output", columns)
    alike: dict[str, set[str]] = {}
    for line in (folder / "hits.tsv").read_text(encoding="utf-8").splitlines():
        query, target, identity, chance = line.split("\t")
        if query != target and (float(identity) >= IDENTITY or float(chance) <= CHANCE):
            alike.setdefault(query, set()).add(target)
    return alike


def in_order(names: Iterable[str]) -> list[str]:
    """Return names by their hash: an order that has nothing to do with what they name."""
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())


def split(names: Sequence[str], alike: Mapping[str, set[str]]) -> dict[str, str]:
    """Return chain -> "test", "validation" or "train"; what is like a chain of an earlier part is left out.

    Args:
        names: the chains in order: the first ones become the test part.
        alike: chain -> chains that are like it; it must know those of the test and the validation part.
    """
    parts: dict[str, str] = {}
    barred: set[str] = set()
    rest = iter(names)
    for part, count in (("test", TEST), ("validation", VALIDATION), ("train", len(names))):
        chosen: list[str] = []
        for name in rest:
            if name not in barred and len(chosen) < count:
                chosen.append(name)
            if len(chosen) == count:
                break
        parts |= dict.fromkeys(chosen, part)
        barred |= {other for name in chosen for other in alike.get(name, ())}
    return parts


def write(chains: Mapping[str, Chain], parts: Mapping[str, str]) -> bytes:
    """Return the shipped content: three lines a chain, a zero byte, and the profiles of those that have one.

    The first line has the chain, its part and, if its profile is shipped, the word "profile". A profile is
    round(log2((share + PSEUDO) / BACKGROUND)), from `LOWEST` to `HIGHEST`, two amino acids in a byte.
    """
    lines, profiles, left = [], [], PROFILES
    for name, part in parts.items():
        shipped = part != "train" or left > 0
        left -= part == "train"
        chain = chains[name]
        lines += [f">{name} {part}{' profile' if shipped else ''}", chain.sequence, chain.structure]
        if shipped:
            profiles.append(packed(chain.profile))
    return "\n".join(lines).encode() + b"\0" + b"".join(profiles)


def packed(profile: NDArray[np.uint16]) -> bytes:
    """Return a profile (T, 20) of shares as 10 bytes a residue."""
    shares = profile / profile.sum(axis=1, keepdims=True)
    levels = np.clip(np.round(np.log2((shares + PSEUDO) / BACKGROUND)), LOWEST, HIGHEST) - LOWEST
    whole = levels.astype(np.uint8)
    pairs: NDArray[np.uint8] = whole[:, 0::2] * LEVELS + whole[:, 1::2]
    return pairs.tobytes()


def unpacked(content: bytes) -> NDArray[np.float32]:
    """Return the log-odds (T, 20) of what `packed` returned."""
    pairs = np.frombuffer(content, np.uint8).reshape(-1, 10)
    levels = np.stack([pairs // LEVELS, pairs % LEVELS], axis=2).reshape(-1, 20)
    return levels.astype(np.float32) + LOWEST


def _fasta(path: Path, sequences: Mapping[str, str], names: Iterable[str]) -> None:
    path.write_text("".join(f">{name}\n{sequences[name]}\n" for name in names), encoding="utf-8")


def _mmseqs(*arguments: object) -> None:
    try:
        subprocess.run(["mmseqs", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise SystemExit("mmseqs is missing: apt-get install mmseqs2 (14-7e284+ds)") from error


if __name__ == "__main__":
    main()
