"""Floor 11: the HTTP service of a node.

`routes` is the table; `layer` serves it in a fixed order of checks; `openapi`
describes it; `app` puts them together; `node_process` starts the whole node.
"""
