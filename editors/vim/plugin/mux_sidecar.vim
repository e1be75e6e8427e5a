vim9script

if exists('g:loaded_mux_sidecar') || v:version < 900 || !has('job') || !has('channel') || !has('popupwin')
  finish
endif
g:loaded_mux_sidecar = true

import autoload 'mux_sidecar.vim' as mux

command -nargs=* -complete=customlist,mux.Complete Mux mux.Run([<f-args>])

augroup mux_sidecar
  autocmd!
  autocmd VimEnter * mux.Begin()
  autocmd BufWinEnter,BufEnter,BufFilePost * mux.Follow(str2nr(expand('<abuf>')))
  autocmd BufWipeout * mux.Forget(str2nr(expand('<abuf>')))
  autocmd DirChanged global mux.Move()
augroup END

if v:vim_did_enter
  mux.Begin()
endif
