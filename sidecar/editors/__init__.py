"""Editors' bindings: their files, packed from `editors/`, and where each belongs. An editor is a file in `rows`."""
