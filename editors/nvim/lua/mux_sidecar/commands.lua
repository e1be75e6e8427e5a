--- `:Mux`: what each subcommand does, asks and completes.
local ask = require('mux_sidecar.ask')
local client = require('mux_sidecar.client')
local lists = require('mux_sidecar.lists')
local mux = require('mux_sidecar')

local M = {}

local BUTTONS = { ['mux.switchWorkspace'] = 'switch', ['mux.addProvider'] = 'provider add', ['mux.runDoctor'] = 'doctor' }

local function add_rule(given, filter)
  local uri = mux.file()
  if not (filter or uri) then
    return client.tell('This is no file; open one, or name a filter: :Mux rule add PROVIDER/MODEL .md', vim.log.levels.WARN)
  end
  local where = filter and { filter = filter } or { uri = uri }
  ask.model('Which model is to answer for files like this one?', given, function(model)
    client.execute('mux.addRule', vim.tbl_extend('error', where, { model = model }))
  end)
end

local function add_provider()
  client.request('mux/provider/types', nil, function(types)
    local function add(wanted)
      client.execute('mux.addProvider', wanted)
    end
    local function label(each)
      return each.label
    end
    ask.choose(types, 'Which kind of provider?', label, function(kind)
      ask.text('Name: ', kind.freeName or kind.type, function(name)
        local wanted = { name = name, type = kind.type }
        local finish = kind.auth == 'api_key' and function()
          ask.key(wanted, add)
        end or function()
          add(wanted)
        end
        if kind.defaultEndpoint == '' then
          return finish()
        end
        ask.text('Endpoint: ', kind.defaultEndpoint, function(endpoint)
          wanted.endpoint = endpoint
          finish()
        end)
      end)
    end)
  end)
end

local function open_dashboard()
  client.request('mux/dashboard/url', nil, function(found)
    local opened, why = vim.ui.open(found.url)
    if not opened then
      client.tell(('%s The dashboard is at %s (good once, for a minute).'):format(why or '', found.url))
    end
  end)
end

local function command(name, key)
  return function(given)
    client.execute(name, { [key] = given })
  end
end

-- name, what it does, what it runs with the arguments, and what each argument may be
local ROWS = {
  {
    'switch',
    'Switch the workspace',
    function(given)
      ask.workspace('Which workspace is to be active?', given, function(name)
        client.execute('mux.switchWorkspace', { name = name })
      end)
    end,
    { 'workspaces' },
  },
  {
    'rule add',
    'Use another model for files like this one',
    add_rule,
    { 'models' },
  },
  {
    'rule default',
    'Use another model for everything else',
    function(given)
      ask.model('Which model is to answer for everything else?', given, function(model)
        client.execute('mux.addRule', { filter = '', model = model })
      end)
    end,
    { 'models' },
  },
  { 'rule list', 'List the rules', lists.rules, { 'workspaces' } },
  { 'rule remove', 'Remove a rule', command('mux.removeRule', 'position'), {} },
  { 'models', 'List the models', lists.models, { 'providers' } },
  { 'refresh', 'Fetch the models anew', command('mux.refreshModels', 'name'), { 'providers' } },
  { 'explain', 'Explain which model answers for this file', lists.explain, {} },
  { 'requests', 'List the last requests', lists.requests, {} },
  { 'dashboard', 'Open the dashboard', open_dashboard, {} },
  { 'provider add', 'Add a provider', add_provider, {} },
  { 'provider remove', 'Remove a provider', command('mux.removeProvider', 'name'), { 'providers' } },
  {
    'workspace add',
    'Add a workspace',
    function(given, from)
      local function add(name)
        client.execute('mux.addWorkspace', { name = name, copyFrom = from })
      end
      return given and add(given) or ask.text('Name of the new workspace: ', nil, add)
    end,
    { nil, 'workspaces' },
  },
  {
    'workspace rename',
    'Rename a workspace',
    function(given, new)
      ask.workspace('Rename which workspace?', given, function(name)
        local function rename(called)
          client.execute('mux.renameWorkspace', { name = name, newName = called })
        end
        return new and rename(new) or ask.text('New name: ', name, rename)
      end)
    end,
    { 'workspaces' },
  },
  { 'workspace remove', 'Remove a workspace', command('mux.removeWorkspace', 'name'), { 'workspaces' } },
  { 'doctor', 'Find out what is wrong', lists.checks, {} },
  { 'status', 'Show the status', lists.status, {} },
  { 'restart', 'Start the sidecar again', client.restart, {} },
}

--- The row that the words begin with, and the words behind.
local function find(words)
  for _, row in ipairs(ROWS) do
    local count = select(2, row[1]:gsub(' ', '')) + 1
    if table.concat(words, ' ', 1, math.min(count, #words)) == row[1] then
      return row, vim.list_slice(words, count + 1)
    end
  end
end

--- Run `:Mux WORDS`; without words, the user chooses.
function M.run(words)
  local row, arguments = find(words)
  if row then
    return row[3](unpack(arguments))
  elseif #words > 0 then
    return client.tell(('There is no :Mux %s; see :help :Mux'):format(table.concat(words, ' ')), vim.log.levels.ERROR)
  end
  ask.choose(ROWS, 'mux-sidecar', function(each)
    return each[2]
  end, function(each)
    each[3]()
  end)
end

--- Run what a click on a status line stands for.
function M.act(name)
  M.run(vim.split(BUTTONS[name] or name, ' '))
end

--- The names that an argument of this kind may have, blanks escaped as in a command line.
local function names(kind)
  return vim.tbl_map(function(each)
    local name = kind == 'models' and each.provider .. '/' .. each.name or each.name
    return vim.fn.escape(name, ' \\')
  end, client.lists[kind] or {})
end

--- Complete the last word of `line`, which is `lead` so far.
function M.complete(lead, line)
  local words = vim.split(vim.trim(line:sub(1, #line - #lead)), '%s+', { trimempty = true })
  local row, arguments = find({ unpack(words, 2) })
  local found = row and names(row[4][#arguments + 1]) or {}
  if not row then
    local prefix = table.concat({ unpack(words, 2) }, ' ')
    for _, each in ipairs(ROWS) do
      local rest = prefix == '' and each[1] or vim.startswith(each[1], prefix .. ' ') and each[1]:sub(#prefix + 2)
      local word = rest and rest:match('^%S+')
      if word and not vim.tbl_contains(found, word) then
        table.insert(found, word)
      end
    end
  end
  return vim.tbl_filter(function(name)
    return vim.startswith(name:lower(), lead:lower())
  end, found)
end

return M
