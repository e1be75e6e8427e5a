--- The one client of this Neovim: started, asked without waiting, and started again when it dies.
local M = {}

local NAME = 'mux_sidecar'
local ABSENT = {
  text = 'mux-sidecar: not installed',
  advice = 'mux-sidecar is not installed, or not on the PATH of Neovim. Install it: pipx install mux-sidecar '
    .. '(of a checkout or wheel: pipx install PATH), or name the program in vim.g.mux_sidecar.cmd.',
}
local STOPPED = { text = 'mux-sidecar: stopped', advice = 'mux-sidecar does not run. Start it: :Mux restart' }
local RESTARTS, WITHIN = 5, 180 -- so often in so many seconds it is started again by itself
local LISTS = { workspaces = 'mux/workspace/list', providers = 'mux/provider/list', models = 'mux/model/list' }
local METHODS = vim.fn.has('nvim-0.11') == 1 -- a client's functions became methods
local levels = vim.log.levels

local id ---@type integer? the client that is in use
local ends = {} ---@type integer[] when it ended without being told to
local waiting = {} ---@type function[] what is to be asked once it has begun

--- Why it does not run: a text for the status line, and what to do. nil while it runs or starts.
M.trouble = nil ---@type { text: string, advice: string }?
--- What completion offers, kept up to date by notifications, so that it never waits.
M.lists = { workspaces = {}, providers = {}, models = {} }
--- Called when the Status may be another.
M.on_status = function() end

function M.tell(sentence, level)
  vim.notify(sentence, level or levels.INFO, { title = 'mux-sidecar' })
end

--- Its configuration: the data in lsp/, and the user's.
function M.config()
  local file = vim.api.nvim_get_runtime_file('lsp/' .. NAME .. '.lua', false)[1]
  local given = vim.lsp.config and vim.lsp.config[NAME] or dofile(file)
  return vim.tbl_deep_extend('force', { name = NAME, root_dir = vim.fn.getcwd() }, given, vim.g.mux_sidecar or {})
end

--- The client, where it runs and has begun; with `starting`, also before.
function M.get(starting)
  local client = id and vim.lsp.get_client_by_id(id)
  return client and (starting or client.initialized) and client or nil
end

--- Start it, unless it runs.
function M.start()
  if M.get(true) then
    return
  end
  local config = M.config()
  M.trouble = nil
  if type(config.cmd) == 'table' and vim.fn.executable(config.cmd[1]) == 0 then
    M.trouble = ABSENT
    M.tell(ABSENT.advice, levels.WARN)
  elseif METHODS then
    id = vim.lsp.start(config, { attach = false, reuse_client = config.reuse_client })
  else
    id = vim.lsp.start_client(config)
  end
  M.on_status()
end

--- End it and start it again.
function M.restart()
  local client = M.get(true)
  id, ends = nil, {}
  if client then
    M.call(client, 'stop')
  end
  M.start()
end

--- Call a function of a client.
function M.call(client, name, ...)
  if METHODS then
    return client[name](client, ...)
  end
  return client[name](...)
end

--- Ask for a method's result without waiting for it. An error is shown, or given to `failed`.
function M.request(method, params, done, failed)
  if not M.get(true) then
    return M.tell((M.trouble or STOPPED).advice, levels.WARN)
  elseif not M.get() then
    return table.insert(waiting, function()
      M.request(method, params, done, failed)
    end)
  end
  params = params and next(params) and params or vim.empty_dict()
  M.call(M.get(), 'request', method, params, function(err, result)
    if not err then
      return done and done(result)
    end
    return failed and failed(err) or not failed and M.tell(err.message, levels.ERROR)
  end)
end

--- Run a command of the sidecar's: it asks for what is missing, and tells how it went, errors too.
function M.execute(command, arguments, done)
  local given = arguments and next(arguments) and arguments or vim.empty_dict()
  M.request('workspace/executeCommand', { command = command, arguments = { given } }, done, function() end)
end

function M.notify(method, params)
  if M.get() then
    M.call(M.get(), 'notify', method, params)
  end
end

-- What the client is told, by the functions named in lsp/mux_sidecar.lua:

function M.began(client)
  id, M.trouble = client.id, nil
  vim.schedule(function()
    local asked = waiting
    waiting = {}
    for what in pairs(LISTS) do
      M.list_changed(nil, { what = what })
    end
    for _, ask in ipairs(asked) do
      ask()
    end
    M.on_status()
  end)
end

function M.status_changed()
  M.on_status()
end

function M.list_changed(_, change)
  if LISTS[change.what] then
    M.request(LISTS[change.what], nil, function(result)
      M.lists[change.what] = result
    end)
  end
end

function M.told(_, message)
  M.tell(message.message, ({ levels.ERROR, levels.WARN, levels.INFO })[message.type] or levels.DEBUG)
end

M.ended = vim.schedule_wrap(function(code, signal, ended)
  if ended ~= id or vim.v.exiting ~= vim.NIL then
    return -- one that was told to leave
  end
  id, M.trouble = nil, STOPPED
  M.on_status()
  if code == 0 and signal == 0 then
    return
  end
  table.insert(ends, os.time())
  local before = ends[#ends - RESTARTS]
  if before and os.time() - before < WITHIN then
    return M.tell(STOPPED.advice, levels.ERROR)
  end
  vim.defer_fn(M.start, 500)
end)

return M
