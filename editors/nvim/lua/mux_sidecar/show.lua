--- A place for what is to be read: one window below, which `q` closes.
local M = {}

local window ---@type integer?

--- Show lines there, in place of what it showed before.
function M.list(title, lines)
  local buf = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  vim.bo[buf].bufhidden, vim.bo[buf].modifiable = 'wipe', false
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buf, nowait = true, desc = 'Close' })
  if window and vim.api.nvim_win_is_valid(window) then
    vim.api.nvim_win_set_buf(window, buf)
    vim.api.nvim_set_current_win(window)
  else
    window = vim.api.nvim_open_win(buf, true, { split = 'below', win = -1, style = 'minimal' })
  end
  pcall(vim.api.nvim_buf_set_name, buf, 'mux-sidecar://' .. title)
  vim.api.nvim_win_set_height(window, math.min(#lines, 15))
  vim.wo[window].wrap = false
end

--- Rows of texts as lines, their columns aligned.
function M.columns(rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, text in ipairs(row) do
      widths[i] = math.max(widths[i] or 0, vim.fn.strdisplaywidth(text))
    end
  end
  return vim.tbl_map(function(row)
    local line = ''
    for i, text in ipairs(row) do
      line = line .. text .. (' '):rep(widths[i] - vim.fn.strdisplaywidth(text) + 2)
    end
    return (line:gsub('%s+$', ''))
  end, rows)
end

return M
