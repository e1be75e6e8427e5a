"""The least that a language server over pygls can be."""

from pygls.lsp.server import LanguageServer

if __name__ == "__main__":
    LanguageServer("least", "1").start_io()
