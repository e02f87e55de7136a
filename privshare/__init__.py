"""PrivShare: agencies compute on records they may not hand over."""
