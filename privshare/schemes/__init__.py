"""Floor 4: cryptographic schemes. No clock, no socket, no file.

`keys` (signatures, sealed messages, keys at rest) stands on `cryptography`;
the schemes beside it stand on the C core.
"""
