--- `:checkhealth mux_sidecar`
local client = require('mux_sidecar.client')

local M = {}
local PATIENCE = 5000 -- milliseconds

local function check_command(config)
  local command = config.cmd
  if type(command) ~= 'table' then
    return vim.health.info('The command is a function of your configuration.')
  elseif vim.fn.executable(command[1]) == 0 then
    local advice = { 'pipx install mux-sidecar', 'pipx install PATH, of a checkout or wheel' }
    table.insert(advice, 'name the program in vim.g.mux_sidecar.cmd')
    return vim.health.error(command[1] .. ' is not on the PATH of Neovim.', advice)
  end
  local answer = vim.system({ command[1], '--version' }, { text = true, timeout = PATIENCE }):wait()
  local path = vim.fn.exepath(command[1])
  if answer.code == 0 then
    return vim.health.ok(('%s (%s)'):format(vim.trim(answer.stdout), path))
  end
  vim.health.error(('%s --version failed: %s'):format(path, vim.trim(answer.stderr or '')))
end

local function check_status(running)
  local answer = client.call(running, 'request_sync', 'mux/status', vim.empty_dict(), PATIENCE, 0)
  local status = answer and answer.result
  if not status then
    return vim.health.error('The sidecar does not answer.', { ':Mux restart' })
  end
  local endpoint = status.endpoint
  local report = endpoint.state == 'blocked' and vim.health.error or vim.health.ok
  report(vim.trim(('%s: %s. %s'):format(endpoint.url, endpoint.state, endpoint.detail or '')))
  vim.health.info(status.text)
  vim.tbl_map(vim.health.warn, status.problems)
end

local function check_rest(running)
  local answer = client.call(running, 'request_sync', 'mux/doctor', vim.empty_dict(), PATIENCE, 0)
  for _, each in ipairs(answer and answer.result or {}) do
    local report = not each.ok and vim.health.error or each.mend and vim.health.warn or vim.health.ok
    report(('%s: %s'):format(each.check, each.detail), each.mend and { each.mend } or nil)
  end
end

function M.check()
  vim.health.start('mux_sidecar')
  if vim.fn.has('nvim-0.10') == 0 then
    return vim.health.error('Neovim 0.10 or later is needed.')
  end
  check_command(client.config())
  local running = client.get()
  if not running then
    return vim.health.error('The sidecar does not run.', { ':Mux restart' })
  end
  check_status(running)
  vim.health.start('mux_sidecar: doctor')
  check_rest(running)
end

return M
