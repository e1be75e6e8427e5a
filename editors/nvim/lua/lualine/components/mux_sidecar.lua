-- For lualine: sections = { lualine_x = { 'mux_sidecar' } }
local Component = require('lualine.component'):extend()

function Component:init(options)
  options.on_click = options.on_click or function()
    require('mux_sidecar').click()
  end
  options.color = options.color or function()
    return require('mux_sidecar').highlight()
  end
  Component.super.init(self, options)
end

function Component:update_status()
  return (require('mux_sidecar').text():gsub('%%', '%%%%'))
end

return Component
