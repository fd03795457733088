"""One application a file: a recipe that anyone can copy, over ``gruvy.tasks`` and ``gruvy.datasets``."""
