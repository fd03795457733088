"""The real data sets of the demos, each with a card: source, licence, counts, units, how it was derived."""

from gruvy.datasets.bible import load_bible
from gruvy.datasets.card import Card, card
from gruvy.datasets.sentiment import load_sentiment
from gruvy.datasets.weather import load_weather

__all__ = ["Card", "card", "load_bible", "load_sentiment", "load_weather"]
