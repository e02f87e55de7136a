"""PySyft over PrivShare: a transport, and what stands between it and rows."""
