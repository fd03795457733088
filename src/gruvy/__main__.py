"""``python -m gruvy`` is the command ``gruvy``."""

from gruvy.cli import main

if __name__ == "__main__":
    main()
