"""The measured job runner: one WebAssembly module, what it may do, what it did."""
