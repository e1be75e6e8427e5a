if vim.g.loaded_mux_sidecar then
  return
end
vim.g.loaded_mux_sidecar = true

local group = vim.api.nvim_create_augroup('mux_sidecar', {})

local function on(events, name)
  vim.api.nvim_create_autocmd(events, {
    group = group,
    callback = function(event)
      require('mux_sidecar')[name](event.buf)
    end,
  })
end

local function begin()
  require('mux_sidecar').start()
  on({ 'BufWinEnter', 'BufEnter', 'BufFilePost' }, 'follow')
  on('BufWipeout', 'forget')
  on('DirChanged', 'move')
end

if vim.v.vim_did_enter == 1 then
  vim.schedule(begin)
else
  vim.api.nvim_create_autocmd('VimEnter', { group = group, once = true, callback = vim.schedule_wrap(begin) })
end

vim.api.nvim_create_user_command('Mux', function(given)
  require('mux_sidecar.commands').run(given.fargs)
end, {
  nargs = '*',
  desc = 'Choose which model answers',
  complete = function(lead, line, position)
    return require('mux_sidecar.commands').complete(lead, line:sub(1, position))
  end,
})
