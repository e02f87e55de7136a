"""Floor 3: how things look as bytes. Nothing here verifies a signature.

`canonical` (JSON with one spelling), `digest` and `domain` (tagged hashes),
`envelope` (DSSE) and `note` (C2SP signed notes).
"""
