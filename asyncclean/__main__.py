"""``python -m asyncclean``: the command line."""

from asyncclean.cli import main

if __name__ == "__main__":
    main()
