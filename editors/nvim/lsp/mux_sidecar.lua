-- The sidecar as a language server. It wants every buffer and needs none, so that one client does for all.
-- Your own settings go to `vim.g.mux_sidecar`, or (0.11 and later) to `vim.lsp.config('mux_sidecar', {…})`.
local function hand(name)
  return function(...)
    return require('mux_sidecar.client')[name](...)
  end
end

return {
  cmd = { 'mux-sidecar', '--stdio' },
  reuse_client = function(client, config)
    return client.name == config.name and not client:is_stopped()
  end,
  on_init = hand('began'),
  on_exit = hand('ended'),
  handlers = {
    ['mux/didChangeStatus'] = hand('status_changed'),
    ['mux/didChange'] = hand('list_changed'),
    ['window/showMessage'] = hand('told'),
  },
}
