"""Floor 9: the offline verifier. It knows no server, database or socket.

`verifier.verify` judges one receipt, `bundle.open_bundle` reads many of them
out of one file; `python -m privshare.audit FILE` is the command.
"""
