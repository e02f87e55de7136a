"""`python -m privshare`: the same as the `privshare` command."""

from privshare.cli.main import run

if __name__ == "__main__":
    run()
