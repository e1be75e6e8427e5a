--- The Status of the document in each window, for status lines and autocommands.
local client = require('mux_sidecar.client')

local M = {}

local statuses = {} ---@type table<integer, table> by buffer
local latest ---@type table? the Status of the document that was in view last
local latest_file ---@type string? and its URI
local folder = vim.fn.getcwd()
local HIGHLIGHTS = { warning = 'DiagnosticWarn', error = 'DiagnosticError' }
local BUTTON = '%%@v:lua.MuxSidecarClick@%s%%X'

--- The file in a buffer as a URI, '' for one that was not saved yet, nil for no document: a terminal, a picker.
function M.document(buf)
  if not vim.api.nvim_buf_is_loaded(buf) or vim.bo[buf].buftype ~= '' then
    return nil
  end
  return vim.api.nvim_buf_get_name(buf) ~= '' and vim.uri_from_bufnr(buf) or ''
end

--- The URI of the file that the user has before them, if it is one: a list or a terminal is not looked at.
function M.file()
  local uri = M.document(vim.api.nvim_get_current_buf()) or latest_file
  return uri ~= '' and uri or nil
end

--- Start the sidecar with the editor.
function M.start()
  client.on_status = M.refresh
  client.start()
end

local function redraw(status)
  vim.api.nvim_exec_autocmds('User', { pattern = 'MuxStatus', modeline = false, data = status })
  vim.cmd.redrawstatus({ bang = true })
end

--- Fetch the Status of a buffer's document.
function M.follow(buf)
  local uri = M.document(buf)
  if not (uri and client.get()) then
    return
  end
  vim.lsp.buf_attach_client(buf, client.get().id)
  client.request('mux/status', uri ~= '' and { uri = uri } or nil, function(status)
    statuses[buf] = status
    if buf == vim.api.nvim_get_current_buf() and uri ~= '' or not latest then
      latest, latest_file = status, uri
    end
    redraw(status)
  end)
end

--- Fetch the Status of each document in view.
function M.refresh()
  if not client.get() then
    statuses, latest = {}, nil
    return redraw()
  end
  local seen = {}
  for _, win in ipairs(vim.api.nvim_list_wins()) do
    seen[vim.api.nvim_win_get_buf(win)] = true
  end
  vim.tbl_map(M.follow, vim.tbl_keys(seen))
end

function M.forget(buf)
  statuses[buf] = nil
end

--- Paths in rules are relative to the current folder.
function M.move()
  local function named(path)
    return { { uri = vim.uri_from_fname(path), name = vim.fs.basename(path) } }
  end
  local event = { removed = named(folder), added = named(vim.fn.getcwd()) }
  folder = vim.fn.getcwd()
  client.notify('workspace/didChangeWorkspaceFolders', { event = event })
  M.refresh()
end

--- The Status of the current buffer, or of `buf`; nil while there is none.
function M.status(buf)
  buf = buf or vim.api.nvim_get_current_buf()
  return M.document(buf) and statuses[buf] or latest
end

--- Its text, such as `work · ollama/qwen3:8b`; or why there is none.
function M.text(buf)
  local status = M.status(buf)
  return client.trouble and client.trouble.text or status and status.text or ''
end

--- The group that shows that something is wrong, or nil.
function M.highlight(buf)
  local status = M.status(buf)
  return client.trouble and HIGHLIGHTS.warning or status and HIGHLIGHTS[status.kind]
end

--- An item for 'statusline': coloured where something is wrong, and a click on it acts.
function M.statusline()
  local text, group = M.text():gsub('%%', '%%%%'), M.highlight()
  return BUTTON:format(group and ('%%#%s#%s%%*'):format(group, text) or text)
end

--- What a click does: switch the workspace, or mend what is wrong.
function M.click()
  local status = M.status()
  require('mux_sidecar.commands').act(not client.trouble and status and status.command.command or 'restart')
end

-- A status line calls a function of the global table only.
function _G.MuxSidecarClick()
  M.click()
end

return M
