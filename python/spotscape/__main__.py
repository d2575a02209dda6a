"""``python -m spotscape`` is the ``spotscape`` command."""

from spotscape.cli import main

if __name__ == "__main__":
    main()
