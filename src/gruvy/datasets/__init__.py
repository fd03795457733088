"""The real data sets of the demos, each with a card: source, licence, counts, units, how it was derived."""

from gruvy.datasets.austen import load_austen
from gruvy.datasets.bible import load_bible
from gruvy.datasets.bleeding import load_bleeding
from gruvy.datasets.card import Card, card
from gruvy.datasets.chorales import Chorale, load_chorales
from gruvy.datasets.faults import inject_faults
from gruvy.datasets.genes import load_genes
from gruvy.datasets.movement import load_movement
from gruvy.datasets.protein import load_protein
from gruvy.datasets.sentiment import load_sentiment
from gruvy.datasets.speech import load_speech
from gruvy.datasets.stocks import load_stocks
from gruvy.datasets.weather import load_weather

__all__ = [
    "Card",
    "Chorale",
    "card",
    "inject_faults",
    "load_austen",
    "load_bible",
    "load_bleeding",
    "load_chorales",
    "load_genes",
    "load_movement",
    "load_protein",
    "load_sentiment",
    "load_speech",
    "load_stocks",
    "load_weather",
]
