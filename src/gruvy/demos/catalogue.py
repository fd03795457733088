"""Which demos there are. Light to import: a demo's module is imported when it runs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gruvy.demos.outcome import Outcome


@dataclass(frozen=True)
class Entry:
    """One demo: ``gruvy.demos.NAME`` has ``run(folder, *, budget, training) -> Outcome``.

    Attributes:
        about: what it does, in one sentence.
        details: what is learnt from what, and what it is measured against.
        cards: the data sets, by the names of their cards.
    """

    about: str
    details: str
    cards: tuple[str, ...]


DEMOS: Mapping[str, Entry] = {
    "weather": Entry(
        "Forecast JFK's temperature 24 hours ahead with a GRU, an LSTM and a tanh network of equal size.",
        "Trains on the hourly weather of 2013 that comes with gruvy, and measures the networks, three simple baselines "
        "and gradient-boosted trees on the last 20% of the year.",
        ("weather",),
    ),
    "stocks": Entry(
        "Forecast tomorrow's volatility and tomorrow's return of AAPL, IBM and MSFT, and say where there is an edge.",
        "Trains on daily prices from 2000 on that come with gruvy, and measures on the last 20% of the days to 2013: "
        "the volatility against a 20-day rolling estimate, RiskMetrics, GARCH(1,1) and HAR, the return against a "
        "random walk and the more frequent direction.",
        ("stocks",),
    ),
    "anomaly": Entry(
        "Find faults among twelve weather sensors, and twelve strange points of blood pressure among 7,501.",
        "Fits a detector on the first months of 2013, puts faults of known kinds into the rest, and measures how many "
        "events it finds beside a linear model, an isolation forest and a z-score. Fits another on 1,200 points of the "
        "UCR anomaly archive's series InternalBleeding16 and says where its highest score lies.",
        ("weather", "bleeding"),
    ),
    "sentiment": Entry(
        "Tell positive snippets of movie reviews from negative ones, and show the words that the GRU looked at.",
        "Trains on four fifths of 10,568 snippets that come with gruvy, and measures on the others, against VADER's "
        "lexicon, a linear model of words and pairs of words, and the more frequent class.",
        ("sentiment",),
    ),
    "genes": Entry(
        "Tell what a yeast gene is for from its expression over ten time courses, and show where the GRU looked.",
        "Trains on nine folds of 186 genes and measures on the tenth, ten times, beside a support vector machine and "
        "the most frequent class.",
        ("genes",),
    ),
    "agent": Entry(
        "Act in environments that do not show all, with a GRU that remembers and with the same network without memory.",
        "Trains by PPO in RepeatPreviousEasy and PositionOnlyCartPoleEasy of POPGym (Morad et al. 2023, MIT licence; "
        "in the extra agent), and measures both, and random actions, on 200 episodes.",
        (),
    ),
    "text": Entry(
        "Learn English from four novels of Jane Austen and measure it on another one, in bits per character.",
        "Trains on four novels, chooses the best epoch on Northanger Abbey, measures the model, an n-gram model and "
        "compressors on Persuasion, and writes a report with texts that the model made up.",
        ("austen",),
    ),
    "protein": Entry(
        "Tell the secondary structure of proteins, residue by residue, from the sequence alone and with a profile.",
        "Trains on 9,371 chains that come with gruvy, of 2,700 with their profile, and measures on 400 chains that are "
        "like none of these, against a linear model of 15 residues, the more frequent class and, with --full, an LSTM.",
        ("protein",),
    ),
    "movement": Entry(
        "Forecast where a pen will be in 80 to 400 milliseconds.",
        "Trains on five drawings of each of 30 shapes, which come with gruvy, and measures on the seventh, against "
        "zero velocity, constant velocity and a linear autoregression.",
        ("movement",),
    ),
    "music": Entry(
        "Foresee the next chord of Bach's chorales with a GRU, an LSTM and a tanh network of equal size; write one.",
        "Trains on 231 chorales of the package music21 (gruvy[music] brings it), and measures on 75 with other tunes, "
        "against a linear model of the last two frames, each note on its own, and how frequent the notes are.",
        ("chorales",),
    ),
    "speech": Entry(
        "Write down what a telephone exchange says, with a bidirectional GRU and CTC.",
        "Trains on 18 minutes of prompts from Debian's asterisk-core-sounds-en-wav and measures on 4 minutes of others "
        "by the same speaker, against the most similar recording (dynamic time warping); without --quick also with a "
        "language model, and with --full in one direction.",
        ("speech",),
    ),
    "translation": Entry(
        "Translate Spanish into English with a GRU encoder-decoder, and show what attention brings to long sentences.",
        "Trains on 27,852 verses of the Bible that come with gruvy, with attention and with one summary of the verse, "
        "and measures BLEU and chrF on 60 held-out chapters, by the length of the verse.",
        ("bible",),
    ),
}


def runner(name: str) -> Callable[..., Outcome]:
    """Return the ``run`` of a demo, on one thread; its module is imported now."""
    from gruvy.demos.threads import one_thread

    run: Callable[..., Outcome] = importlib.import_module(f"gruvy.demos.{name}").run
    return one_thread()(run)
