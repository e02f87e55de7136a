"""One module for each C header: bytes in, bytes out.

The only package that imports `privshare._core`. Integers become big-endian
bytes at this edge and nowhere else, and a status that C returns becomes an
exception here.
"""
