"""What `initialize` announces of commands and code actions: apart, so that it imports nothing of what they do."""

from __future__ import annotations

#: The code actions' kind, a source action: they are about the whole document (LSP 3.17, CodeActionKind).
KIND = "source.mux"

SWITCH_WORKSPACE = "mux.switchWorkspace"
ADD_WORKSPACE = "mux.addWorkspace"
RENAME_WORKSPACE = "mux.renameWorkspace"
REMOVE_WORKSPACE = "mux.removeWorkspace"
ADD_RULE = "mux.addRule"
REMOVE_RULE = "mux.removeRule"
LIST_MODELS = "mux.listModels"
ADD_PROVIDER = "mux.addProvider"
REMOVE_PROVIDER = "mux.removeProvider"
REFRESH_MODELS = "mux.refreshModels"
EXPLAIN_FILE = "mux.explainFile"
SHOW_STATUS = "mux.showStatus"
SHOW_REQUESTS = "mux.showRequests"
OPEN_DASHBOARD = "mux.openDashboard"
RUN_DOCTOR = "mux.runDoctor"

NAMES = (
    SWITCH_WORKSPACE,
    ADD_WORKSPACE,
    RENAME_WORKSPACE,
    REMOVE_WORKSPACE,
    ADD_RULE,
    REMOVE_RULE,
    LIST_MODELS,
    ADD_PROVIDER,
    REMOVE_PROVIDER,
    REFRESH_MODELS,
    EXPLAIN_FILE,
    SHOW_STATUS,
    SHOW_REQUESTS,
    OPEN_DASHBOARD,
    RUN_DOCTOR,
)
