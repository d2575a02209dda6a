"""``python -m spotscape`` is the ``spotscape`` command."""

from spotscape._working_folder import search_last

if __name__ == "__main__":
    search_last()
    from spotscape.cli import main

    main()
