--- What is shown to be read: models, rules, requests, checks, and why a model answers for a file.
local ask = require('mux_sidecar.ask')
local client = require('mux_sidecar.client')
local mux = require('mux_sidecar')
local show = require('mux_sidecar.show')

local M = {}

local NO_MODELS = 'There are no models yet; add a provider: :Mux provider add'
local NO_RULES = 'There are no rules; name a model: :Mux rule default'

local function named(filter)
  return filter ~= '' and filter or 'everything else'
end

function M.models(provider)
  client.request('mux/model/list', { provider = provider }, function(found)
    local lines, last = {}, nil
    for _, each in ipairs(found) do
      if each.provider ~= last then
        vim.list_extend(lines, last and { '', each.provider } or { each.provider })
        last = each.provider
      end
      table.insert(lines, '  ' .. ask.model_line(each):sub(#last + 2) .. (each.gone and '  gone' or ''))
    end
    show.list('models', #lines > 0 and lines or { NO_MODELS })
  end)
end

function M.rules(workspace)
  client.request('mux/rule/list', { workspace = workspace }, function(found)
    local rows = vim.tbl_map(function(each)
      return { tostring(each.position), named(each.filter), each.kind, each.provider .. '/' .. each.model, each.broken or '' }
    end, found)
    show.list('rules', #rows > 0 and show.columns(rows) or { NO_RULES })
  end)
end

function M.explain()
  local uri = mux.file()
  client.execute('mux.explainFile', uri and { uri = uri } or { files = {} }, function(explanation)
    local rows = vim.tbl_map(function(each)
      return { each.matched and '●' or ' ', tostring(each.position), named(each.filter), each.why }
    end, explanation.considered)
    show.list('explanation', #rows > 0 and show.columns(rows) or { NO_RULES })
  end)
end

--- A time of the protocol's (UTC) on the clock here.
local function clock(moment)
  local year, month, day, hour, min, sec = moment:match('(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)')
  local read = os.time({ year = year, month = month, day = day, hour = hour, min = min, sec = sec, isdst = false })
  local shift = os.difftime(read, os.time(vim.tbl_extend('force', os.date('!*t', read), { isdst = false })))
  return os.date('%H:%M:%S', read + shift)
end

function M.requests()
  client.request('mux/request/list', { limit = 50 }, function(found)
    local rows = vim.tbl_map(function(each)
      local model = each.provider ~= vim.NIL and each.provider .. '/' .. each.model or 'no model'
      local tokens = each.inputTokens and ('%d → %d'):format(each.inputTokens, each.outputTokens or 0) or ''
      local cost = each.cost and ('$%.4f'):format(each.cost) or ''
      return { clock(each.startedAt), model, each.outcome, table.concat(each.files, ' '), tokens, cost, each.error or '' }
    end, found)
    show.list('requests', #rows > 0 and show.columns(rows) or { 'There are no requests yet.' })
  end)
end

function M.checks()
  client.request('mux/doctor', nil, function(found)
    local rows = vim.tbl_map(function(each)
      return { each.ok and (each.mend and '!' or '✓') or '✗', each.check, each.detail .. (each.mend and ' ' .. each.mend or '') }
    end, found)
    show.list('doctor', show.columns(rows))
  end)
end

function M.status()
  client.request('mux/status', { uri = mux.file() }, function(status)
    show.list('status', vim.split(status.tooltip, '\n'))
  end)
end

return M
