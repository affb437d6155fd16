"""`python -m microtome`, which torchrun needs."""

from microtome.cli.app import main

if __name__ == "__main__":
    main()
