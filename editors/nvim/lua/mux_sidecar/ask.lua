--- Questions to the user, by the editor's own pickers and prompts.
local client = require('mux_sidecar.client')

local M = {}

local LONG = 20 -- models in a picker before it asks for the provider first

--- Calls `done` with the item that is chosen, if one is.
function M.choose(items, prompt, format, done)
  vim.ui.select(items, { prompt = prompt, kind = 'mux_sidecar', format_item = format }, function(item)
    if item then
      done(item)
    end
  end)
end

--- Calls `done` with what is typed, unless it is nothing.
function M.text(prompt, default, done)
  vim.ui.input({ prompt = prompt, default = default }, function(text)
    if text and text ~= '' then
      done(text)
    end
  end)
end

local function workspace_line(each)
  local mark = each.active and '● ' or '  '
  return ('%s%s  (%s)'):format(mark, each.name, each.default ~= vim.NIL and each.default or 'no model for everything')
end

function M.model_line(each)
  local window = each.contextWindow and ('  (%dk)'):format(each.contextWindow / 1000) or ''
  return ('%s/%s%s'):format(each.provider, each.name, window)
end

--- Calls `done` with a workspace's name.
function M.workspace(prompt, given, done)
  if given then
    return done(given)
  end
  client.request('mux/workspace/list', nil, function(found)
    M.choose(found, prompt, workspace_line, function(each)
      done(each.name)
    end)
  end)
end

--- Calls `done` with PROVIDER/MODEL.
function M.model(prompt, given, done)
  if given then
    return done(given)
  end
  client.request('mux/model/list', nil, function(found)
    local by_provider, providers = {}, {}
    for _, each in ipairs(found) do
      if not by_provider[each.provider] then
        by_provider[each.provider] = {}
        table.insert(providers, each.provider)
      end
      table.insert(by_provider[each.provider], each)
    end
    local function pick(models)
      M.choose(models, prompt, M.model_line, function(each)
        done(each.provider .. '/' .. each.name)
      end)
    end
    if #found == 0 then
      client.tell('There are no models yet; add a provider: :Mux provider add', vim.log.levels.WARN)
    elseif #found <= LONG or #providers == 1 then
      pick(found)
    else
      M.choose(providers, 'A model of which provider?', function(name)
        return ('%s  (%d models)'):format(name, #by_provider[name])
      end, function(name)
        pick(by_provider[name])
      end)
    end
  end)
end

--- Calls `done` with what a provider of this kind is to know of its key added to `wanted`.
function M.key(wanted, done)
  local TYPED, VARIABLE, NONE = 'Type it', 'It is in an environment variable', 'None is needed'
  M.choose({ TYPED, VARIABLE, NONE }, 'The API key?', nil, function(how)
    if how == VARIABLE then
      local name = wanted.type:upper() .. '_API_KEY'
      return M.text('Name of the variable: ', name, function(variable)
        done(vim.tbl_extend('error', wanted, { apiKeyEnv = variable }))
      end)
    elseif how == NONE then
      return done(vim.tbl_extend('error', wanted, { auth = 'none' }))
    end
    local key = vim.fn.inputsecret('API key: ')
    if key ~= '' then
      done(vim.tbl_extend('error', wanted, { apiKey = key }))
    end
  end)
end

return M
