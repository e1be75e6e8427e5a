vim9script
# The one sidecar of this Vim: started with it, asked without waiting, and started again when it dies.
# It asks for what a command lacks, and tells how it went, so that what is here is the way to Vim's own pickers and lines.

const ABSENT = {
  text: 'mux-sidecar: not installed',
  advice: 'mux-sidecar is not installed, or not on the PATH of Vim. Install it: pipx install mux-sidecar '
    .. '(of a checkout or wheel: pipx install PATH), or name the program in g:mux_sidecar.cmd.',
}
const STOPPED = {text: 'mux-sidecar: stopped', advice: 'mux-sidecar does not run. Start it: :Mux restart'}
const RESTARTS = 5 # so often
const WITHIN = 180 # in so many seconds it is started again by itself
const GROUPS = {warning: 'WarningMsg', error: 'ErrorMsg', inactive: 'Comment'}
const OPENERS = [['xdg-open'], ['open'], ['cmd', '/c', 'start', '']]
const ERROR = 1
const WARNING = 2

# Subcommands: the sidecar's command, and what it does.
const COMMANDS = {
  switch: ['mux.switchWorkspace', 'Switch the workspace'],
  rule: ['mux.addRule', 'Use another model for files like this one'],
  default: ['mux.addRule', 'Use another model for everything else'],
  unrule: ['mux.removeRule', 'Remove a rule'],
  explain: ['mux.explainFile', 'Explain which model answers for this file'],
  models: ['mux.listModels', 'List the models'],
  refresh: ['mux.refreshModels', 'Fetch the models anew'],
  provider: ['mux.addProvider', 'Add a provider'],
  workspace: ['mux.addWorkspace', 'Add a workspace'],
  requests: ['mux.showRequests', 'List the last requests'],
  dashboard: ['mux.openDashboard', 'Open the dashboard'],
  status: ['mux.showStatus', 'Show the status'],
  doctor: ['mux.runDoctor', 'Find out what is wrong'],
  copy: ['', 'Copy the address for clients'],
  restart: ['', 'Start the sidecar again'],
}

var process = null_job
var begun = false
var trouble: dict<string> = {} # why it does not run: a text for the status line, and what to do
var statuses: dict<dict<any>> = {} # by buffer
var latest: dict<any> = {} # of the document that was in view last
var waiting: list<list<string>> = [] # commands that came before it had begun
var ends: list<number> = [] # when it ended without being told to
var folder = getcwd(-1)

# Where it has no room below it goes above, as Vim would wait for Enter.
def Tell(sentence: string, type = 3)
  var group = type == ERROR ? 'ErrorMsg' : type == WARNING ? 'WarningMsg' : 'None'
  if strdisplaywidth(sentence) > v:echospace
    var popup = popup_notification(sentence, {time: 10000, highlight: group})
    setwinvar(popup, '&linebreak', true)
    return
  endif
  redraw
  execute 'echohl' group
  echomsg sentence
  echohl None
enddef

def Uri(path: string): string
  var slashed = substitute(path, '\\', '/', 'g')
  var escaped = substitute(slashed, '[^A-Za-z0-9/._~:-]', (found) => Escaped(found[0]), 'g')
  return 'file://' .. (escaped[0] == '/' ? '' : '/') .. escaped
enddef

def Escaped(character: string): string
  return range(len(character))->mapnew((_, at) => printf('%%%02X', char2nr(strpart(character, at, 1), false)))->join('')
enddef

def Folders(path: string): list<dict<string>>
  return [{uri: Uri(path), name: fnamemodify(path, ':t')}]
enddef

def Config(): dict<any>
  return extend({cmd: ['mux-sidecar', '--stdio'], init_options: {}}, get(g:, 'mux_sidecar', {}))
enddef

def Running(): bool
  return process != null_job && job_status(process) == 'run'
enddef

# Start it, unless it runs.
export def Begin(..._)
  if Running()
    return
  endif
  var config = Config()
  begun = false
  trouble = {}
  if !executable(config.cmd[0])
    trouble = ABSENT
    Tell(ABSENT.advice, WARNING)
  else
    process = job_start(config.cmd, {
      in_mode: 'lsp', out_mode: 'lsp', err_io: 'null', cwd: folder,
      out_cb: (_, message) => Told(message),
      exit_cb: (ended, status) => Ended(ended, status),
    })
    Ask('initialize', {
      processId: getpid(),
      clientInfo: {name: 'Vim', version: string(v:versionlong)},
      rootUri: Uri(folder),
      workspaceFolders: Folders(folder),
      initializationOptions: config.init_options,
      capabilities: {
        window: {showMessage: {messageActionItem: {additionalPropertiesSupport: false}}, showDocument: {support: true}},
      },
    }, (_) => {
      begun = true
      Notify('initialized', {})
      Refresh()
      var commands = waiting
      waiting = []
      for words in commands
        Run(words)
      endfor
    })
  endif
  Refresh()
enddef

def Ended(ended: job, status: number)
  if ended != process
    return # one that was told to leave
  endif
  begun = false
  trouble = STOPPED
  Refresh()
  ends = filter(ends, (_, moment) => localtime() - moment < WITHIN) + [localtime()]
  if len(ends) > RESTARTS
    Tell(STOPPED.advice, ERROR)
  else
    timer_start(float2nr(250 * pow(2, len(ends))), Begin)
  endif
enddef

def Restart()
  var before = process
  process = null_job
  ends = []
  if before != null_job
    job_stop(before)
  endif
  Begin()
enddef

def Notify(method: string, params: dict<any>)
  ch_sendexpr(process, {method: method, params: params})
enddef

def Ask(method: string, params: dict<any>, Done: func = null_function)
  ch_sendexpr(process, {method: method, params: params}, {callback: (_, reply) => {
    if has_key(reply, 'result') && Done != null_function
      Done(reply.result)
    endif
  }})
enddef

# What the sidecar says of itself: messages, and questions, which are answered.
def Told(message: dict<any>)
  var method = get(message, 'method', '')
  if method == 'mux/didChangeStatus'
    Refresh()
  elseif method == 'window/showMessage'
    Show(message.params.message, message.params.type)
  elseif method == '$/progress' && get(message.params.value, 'kind', '') == 'begin'
    Tell(message.params.value.title .. ' …')
  elseif method == 'window/showMessageRequest'
    Choose(message.params.message, mapnew(message.params.actions, (_, action) => action.title), (chosen) => {
      Answer(message.id, chosen < 0 ? null : message.params.actions[chosen])
    })
  elseif method == 'window/showDocument'
    Answer(message.id, {success: Open(message.params.uri)})
  elseif has_key(message, 'id')
    Answer(message.id, null)
  endif
enddef

# The sidecar's requests are numbered by texts, which ch_sendexpr() takes for no number of a request.
def Answer(id: any, result: any)
  var body = json_encode({jsonrpc: '2.0', id: id, result: result})
  ch_sendraw(process, $"Content-Length: {len(body)}\r\n\r\n{body}")
enddef

def Open(url: string): bool
  for opener in get(g:, 'mux_sidecar_openers', OPENERS)
    if executable(opener[0])
      job_start(opener + [url], {in_io: 'null', out_io: 'null', err_io: 'null', stoponexit: ''})
      return true
    endif
  endfor
  return false
enddef

# A line is told; more are shown in a window below, which q closes.
def Show(text: string, type: number)
  var lines = split(text, "\n")
  if len(lines) < 2
    Tell(text, type)
    return
  endif
  execute $'silent botright :{min([len(lines), 15])}new'
  setlocal buftype=nofile bufhidden=wipe noswapfile nobuflisted nowrap nonumber
  setline(1, lines)
  setlocal nomodifiable
  nnoremap <buffer> <nowait> q <Cmd>close<CR>
enddef

def Choose(question: string, choices: list<string>, Done: func)
  popup_menu(choices, {title: $' {question} ', callback: (_, chosen) => Done(chosen - 1)})
enddef

# The file in a buffer, as a URI, empty if it is none: a list, a terminal, what was not saved yet.
def Document(buffer: number): string
  var path = fnamemodify(bufname(buffer), ':p')
  return bufname(buffer) == '' || getbufvar(buffer, '&buftype') != '' ? '' : Uri(path)
enddef

# Fetch the Status of a buffer's document.
export def Follow(buffer: number)
  var uri = Document(buffer)
  if !begun || uri == '' && !empty(latest) && getbufvar(buffer, '&buftype') != ''
    return
  endif
  Ask('mux/status', uri == '' ? {} : {uri: uri}, (status) => {
    statuses[buffer] = status
    latest = status
    Redraw()
  })
enddef

# Fetch the Status of each document in view.
def Refresh()
  if !begun
    statuses = {}
    latest = {}
    Redraw()
    return
  endif
  for buffer in uniq(sort(mapnew(getwininfo(), (_, window) => window.bufnr), 'n'))
    Follow(buffer)
  endfor
enddef

def Redraw()
  if exists('#User#MuxStatus')
    doautocmd <nomodeline> User MuxStatus
  endif
  redrawstatus!
enddef

export def Forget(buffer: number)
  if has_key(statuses, buffer)
    remove(statuses, buffer)
  endif
enddef

# Paths in rules are relative to the current folder.
export def Move()
  var before = folder
  folder = getcwd(-1)
  if begun
    Notify('workspace/didChangeWorkspaceFolders', {event: {added: Folders(folder), removed: Folders(before)}})
    Refresh()
  endif
enddef

# The Status of the current buffer's document; empty while there is none.
export def Status(): dict<any>
  return get(statuses, bufnr(), latest)
enddef

# Its text, such as `work · ollama/qwen3:8b`; or why there is none.
export def Text(): string
  return get(trouble, 'text', get(Status(), 'text', ''))
enddef

# An item for 'statusline', to be put between %{% and %}: coloured where something is wrong.
export def Statusline(): string
  var group = empty(trouble) ? get(GROUPS, get(Status(), 'kind', ''), '') : 'WarningMsg'
  var text = substitute(Text(), '%', '%%', 'g')
  return group == '' ? text : $'%#{group}#{text}%*'
enddef

# Run `:Mux WORDS`; without words, the user chooses.
export def Run(words: list<string>)
  if empty(words)
    var names = keys(COMMANDS)
    Choose('mux-sidecar', mapnew(names, (_, name) => COMMANDS[name][1]), (chosen) => {
      if chosen >= 0
        Run([names[chosen]])
      endif
    })
  elseif words[0] == 'restart'
    Restart()
  elseif !has_key(COMMANDS, words[0])
    Tell($'There is no :Mux {words[0]}; there are: {join(sort(keys(COMMANDS)), ", ")}', ERROR)
  elseif !empty(trouble)
    Tell(trouble.advice, WARNING)
  elseif !begun
    add(waiting, words)
  elseif words[0] == 'copy'
    Copy()
  else
    Execute(COMMANDS[words[0]][0], Arguments(words[0], words[1 :]))
  endif
enddef

# What a command is given: what the document before the user adds, and the words in order.
def Arguments(name: string, words: list<string>): list<any>
  var uri = Document(bufnr())
  if index(['rule', 'explain', 'status'], name) < 0 && name != 'default'
    return words
  endif
  var given: dict<any> = name == 'default' ? {filter: ''} : uri == '' ? {} : {uri: uri}
  if !empty(words)
    given.model = words[0]
  endif
  return [given]
enddef

def Execute(command: string, arguments: list<any>)
  Ask('workspace/executeCommand', {command: command, arguments: arguments, workDoneToken: $'vim-{rand()}'})
enddef

def Copy()
  var workspace = get(Config().init_options, 'workspace', '')
  var url = Status().endpoint.url .. (workspace == '' ? '' : $'/w/{workspace}')
  setreg(has('clipboard') ? '+' : '"', url)
  Tell($'Copied: {url}')
enddef

# Complete subcommands, and what the first of their words may be.
export def Complete(lead: string, line: string, position: number): list<string>
  var words = split(strpart(line, 0, position - len(lead)))
  var methods = {switch: 'workspace', rule: 'model', default: 'model', models: 'provider', refresh: 'provider'}
  var found: list<string> = []
  if len(words) < 2
    found = sort(keys(COMMANDS))
  elseif len(words) == 2 && begun && has_key(methods, words[1])
    var kind = methods[words[1]]
    var reply = ch_evalexpr(process, {method: $'mux/{kind}/list', params: {}}, {timeout: 1000})
    found = mapnew(get(reply, 'result', []),
      (_, each) => kind == 'model' ? $'{each.provider}/{each.name}' : each.name)
  endif
  return filter(found, (_, name) => stridx(tolower(name), tolower(lead)) == 0)
enddef
