"""The same two functions, where syft 0.10.0 defines them."""

from syft import resolve_dataset_file_path, resolve_dataset_files_path

__all__ = ["resolve_dataset_file_path", "resolve_dataset_files_path"]
