# mux-sidecar by kakoune-lsp 18 or later: behind `eval %sh{kak-lsp}` in kakrc.
# A filetype's servers are one list, so each names the server that it has by itself too.

hook -group mux-sidecar global BufSetOption filetype=(?:javascript|typescript) %{
    set-option buffer lsp_servers %{
        [typescript-language-server]
        root_globs = ["package.json", "tsconfig.json", "jsconfig.json", ".git", ".hg"]
        args = ["--stdio"]

        [mux-sidecar]
        root_globs = [".git", ".hg"]
        args = ["--stdio"]
    }
}

hook -group mux-sidecar global BufSetOption filetype=(?:c|cpp|objc) %{
    set-option buffer lsp_servers %{
        [clangd]
        root_globs = ["compile_commands.json", ".clangd", ".git", ".hg"]
        args = ["--log=error"]

        [mux-sidecar]
        root_globs = [".git", ".hg"]
        args = ["--stdio"]
    }
}

hook -group mux-sidecar global BufSetOption filetype=markdown %{
    set-option buffer lsp_servers %{
        [mux-sidecar]
        root_globs = [".git", ".hg"]
        args = ["--stdio"]
    }
}

hook -group mux-sidecar global WinSetOption filetype=(?:javascript|typescript|c|cpp|objc|markdown) lsp-enable-window

declare-user-mode mux
map global user m ':enter-user-mode mux<ret>' -docstring 'which model answers'
map global mux w ':lsp-execute-command mux.switchWorkspace "[]"<ret>' -docstring 'switch the workspace'
map global mux s ':lsp-execute-command mux.showStatus "[]"<ret>' -docstring 'show the status'
map global mux a ':lsp-execute-command mux.addRule "[{""filter"": """"}]"<ret>' -docstring 'another model for everything else'
map global mux f ':lsp-code-actions<ret>' -docstring 'another model for files like this one'
map global mux e ':lsp-execute-command mux.explainFile "[{""uri"": ""file://%val{buffile}""}]"<ret>' -docstring 'which rule takes this file'
map global mux l ':lsp-execute-command mux.listModels "[]"<ret>' -docstring 'list the models'
map global mux u ':lsp-execute-command mux.refreshModels "[]"<ret>' -docstring 'fetch the models anew'
map global mux r ':lsp-execute-command mux.showRequests "[]"<ret>' -docstring 'the last requests'
map global mux p ':lsp-execute-command mux.addProvider "[]"<ret>' -docstring 'add a provider'
map global mux d ':lsp-execute-command mux.openDashboard "[]"<ret>' -docstring 'open the dashboard'
map global mux h ':lsp-execute-command mux.runDoctor "[]"<ret>' -docstring 'find out what is wrong'
map global mux n ':lsp-show-message-request-next<ret>' -docstring 'answer what it asks'
