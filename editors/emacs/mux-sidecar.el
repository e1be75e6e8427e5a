;;; mux-sidecar.el --- Choose which model answers your AI clients  -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: convenience, tools
;; URL: http://localhost:8989/
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; AI clients that are pointed at http://localhost:8989/v1/mux are answered
;; by the model that the rules of the active workspace choose.  This starts
;; the program that does so, `mux-sidecar', with Emacs; shows in the mode line
;; which workspace and which model serve the document in view; and switches
;; them.
;;
;;   (mux-sidecar-mode 1)
;;   (global-set-key (kbd "C-c m") 'mux-sidecar-command-map)
;;
;; It has one connection for all buffers, beside those of Eglot or lsp-mode.

;;; Code:

(require 'cl-lib)
(require 'jsonrpc)
(require 'tabulated-list)
(require 'url-util)
(eval-when-compile (require 'subr-x))

(declare-function project-root "project" (project))
(defvar mux-sidecar-mode)

;;;; Options

(defgroup mux-sidecar nil
  "Choose which model answers your AI clients."
  :group 'tools
  :prefix "mux-sidecar-")

(defcustom mux-sidecar-command '("mux-sidecar" "--stdio")
  "The program to run, with its arguments."
  :type '(repeat string)
  :risky t)

(defun mux-sidecar--set (option value)
  "Set OPTION to VALUE, and tell the sidecar."
  (set-default option value)
  (when (fboundp 'mux-sidecar--configure)
    (mux-sidecar--configure)))

(defcustom mux-sidecar-port nil
  "The port of the endpoint, nil for MUX_SIDECAR_PORT or 8989.
If you set this in Lisp, use `customize-set-variable'."
  :type '(choice (const :tag "The usual one" nil) natnum)
  :set #'mux-sidecar--set)

(defcustom mux-sidecar-workspace nil
  "The workspace that this Emacs shows, nil for the active one.
This does not switch the active workspace.  If you set it in
Lisp, use `customize-set-variable'."
  :type '(choice (const :tag "The active one" nil) string)
  :set #'mux-sidecar--set)

(defcustom mux-sidecar-status-functions nil
  "Functions to call when the Status of a document has come.
Each is called with the Status, a property list whose `:text' is
what the mode line shows: in the buffer of a document with its
own, elsewhere with that of no document, and with nil when the
sidecar has ended."
  :type 'hook)

(defface mux-sidecar-normal '((t))
  "The mode line's text where all is well.")

(defface mux-sidecar-warning '((t :inherit warning))
  "The mode line's text where something is to be mended.")

(defface mux-sidecar-error '((t :inherit error))
  "The mode line's text where a request would not be answered.")

(defface mux-sidecar-inactive '((t :inherit shadow))
  "The mode line's text where another sidecar serves.")

;;;; The connection

(defconst mux-sidecar--absent
  '("mux-sidecar: not installed" .
    "mux-sidecar is not installed, or not on the `exec-path'.  \
Install it: pipx install mux-sidecar \
(of a checkout or wheel: pipx install PATH), \
or name the program in `mux-sidecar-command'."))

(defconst mux-sidecar--stopped
  '("mux-sidecar: stopped" .
    "mux-sidecar does not run.  Start it: M-x mux-sidecar-restart"))

(defconst mux-sidecar--restarts 5
  "So often in `mux-sidecar--within' seconds it is started again.")

(defconst mux-sidecar--within 180)

(defconst mux-sidecar--patience 10
  "Seconds that a command waits for its answer.")

(defvar mux-sidecar--connection nil)
(defvar mux-sidecar--begun nil "Whether it can be asked.")
(defvar mux-sidecar--folders nil "Roots of the projects it knows, as URIs.")
(defvar mux-sidecar--ends nil "When it ended without being told to.")
(defvar mux-sidecar--timer nil "What will start it again.")
(defvar mux-sidecar--reporters nil "Progress under way, by token.")
(defvar mux-sidecar--trouble nil
  "Why it does not run: a text for the mode line, and what to do.
nil while it runs or starts.")

(defun mux-sidecar--object (&rest fields)
  "FIELDS, a property list, as a JSON object without what is nil."
  (or (cl-loop for (name value) on fields by #'cddr
               when value append (list name value))
      (make-hash-table)))

(defun mux-sidecar--options ()
  "The options, as the sidecar takes them."
  (mux-sidecar--object :port mux-sidecar-port :workspace mux-sidecar-workspace))

(defun mux-sidecar--live-p ()
  "Whether the sidecar is running."
  (and mux-sidecar--connection (jsonrpc-running-p mux-sidecar--connection)))

(defun mux-sidecar--start ()
  "Start the sidecar, if it is wanted and is not running."
  (when (and mux-sidecar-mode (not (mux-sidecar--live-p)))
    (let ((program (executable-find (car mux-sidecar-command))))
      (if (not program)
          (progn (setq mux-sidecar--trouble mux-sidecar--absent)
                 (display-warning 'mux-sidecar (cdr mux-sidecar--absent)))
        (setq mux-sidecar--trouble nil)
        (mux-sidecar--connect (expand-file-name program)))
      (mux-sidecar--refresh))))

(defun mux-sidecar--connect (program)
  "Run PROGRAM, and begin."
  (let ((default-directory (expand-file-name "~/"))
        (process-environment (default-value 'process-environment)))
    (setq mux-sidecar--begun nil
          mux-sidecar--connection
          (apply #'make-instance 'jsonrpc-process-connection
                 :name "mux-sidecar"
                 :process (lambda () (mux-sidecar--process program))
                 :notification-dispatcher #'mux-sidecar--told
                 :on-shutdown #'mux-sidecar--ended
                 (mux-sidecar--unlogged)))
    (jsonrpc-async-request
     mux-sidecar--connection 'initialize
     (list :processId (emacs-pid)
           :clientInfo (list :name "Emacs" :version emacs-version)
           :rootUri nil
           :workspaceFolders (mux-sidecar--as-folders mux-sidecar--folders)
           :capabilities (make-hash-table)
           :initializationOptions (mux-sidecar--options))
     :timeout nil
     :success-fn #'mux-sidecar--begin)))

(defun mux-sidecar--process (program)
  "The process of PROGRAM."
  (make-process :name "mux-sidecar"
                :command (cons program (cdr mux-sidecar-command))
                :connection-type 'pipe
                :coding 'utf-8-emacs-unix
                :noquery t
                :stderr (get-buffer-create "*mux-sidecar stderr*")))

(defun mux-sidecar--unlogged ()
  "Arguments that turn off the log, as keys would be in it.
Their name is another since jsonrpc 1.0.21."
  (if (memq '-events-buffer-config
            (mapcar #'eieio-slot-descriptor-name
                    (eieio-class-slots 'jsonrpc-connection)))
      '(:events-buffer-config (:size 0 :format full))
    '(:events-buffer-scrollback-size 0)))

(defun mux-sidecar--begin (_)
  "Begin to ask."
  (setq mux-sidecar--begun t)
  (jsonrpc-notify mux-sidecar--connection 'initialized (make-hash-table))
  (mux-sidecar--refresh))

(defun mux-sidecar--configure ()
  "Tell the sidecar the options, if it is running."
  (when (and mux-sidecar--begun (mux-sidecar--live-p))
    (jsonrpc-notify mux-sidecar--connection 'workspace/didChangeConfiguration
                    (list :settings (list :mux-sidecar (mux-sidecar--options))))))

(defun mux-sidecar--stop ()
  "End the sidecar; it finishes the answers that are under way."
  (when (timerp mux-sidecar--timer)
    (cancel-timer mux-sidecar--timer))
  (let ((connection mux-sidecar--connection))
    (setq mux-sidecar--connection nil mux-sidecar--begun nil)
    (when (and connection (jsonrpc-running-p connection))
      (jsonrpc-async-request connection 'shutdown (make-hash-table))
      (jsonrpc-notify connection 'exit (make-hash-table)))))

(defun mux-sidecar--ended (connection)
  "Start CONNECTION's sidecar again, unless it was told to end."
  (when (eq connection mux-sidecar--connection)
    (push (float-time) mux-sidecar--ends)
    (setq mux-sidecar--connection nil
          mux-sidecar--begun nil
          mux-sidecar--reporters nil
          mux-sidecar--trouble mux-sidecar--stopped
          mux-sidecar--ends
          (cl-remove-if (lambda (end)
                          (> (- (float-time) end) mux-sidecar--within))
                        mux-sidecar--ends))
    (mux-sidecar--refresh)
    (if (> (length mux-sidecar--ends) mux-sidecar--restarts)
        (display-warning 'mux-sidecar (cdr mux-sidecar--stopped))
      (setq mux-sidecar--timer
            (run-with-timer (* 0.25 (expt 2 (length mux-sidecar--ends))) nil
                            #'mux-sidecar--start)))))

(defun mux-sidecar--told (_connection method params)
  "Do what a notification, METHOD with PARAMS, is for."
  (pcase method
    ('mux/didChangeStatus (mux-sidecar--refresh))
    ('window/showMessage (message "%s" (plist-get params :message)))
    ('$/progress (mux-sidecar--progressed (plist-get params :token)
                                          (plist-get params :value)))))

(defun mux-sidecar--progressed (token value)
  "Show the progress, VALUE, of what bears TOKEN."
  (pcase (plist-get value :kind)
    ("begin" (setf (alist-get token mux-sidecar--reporters nil nil #'equal)
                   (make-progress-reporter (plist-get value :title))))
    ("end" (when-let* ((reporter (alist-get token mux-sidecar--reporters
                                            nil nil #'equal)))
             (setf (alist-get token mux-sidecar--reporters nil t #'equal) nil)
             (progress-reporter-done reporter)))))

;;;; Asking

(defun mux-sidecar--wait ()
  "Wait until the sidecar can be asked, or say why it cannot."
  (unless (mux-sidecar--live-p)
    (user-error "%s" (cdr (or mux-sidecar--trouble
                              '(nil . "Enable `mux-sidecar-mode' first")))))
  (with-timeout (mux-sidecar--patience
                 (user-error "The sidecar does not answer; \
M-x mux-sidecar-restart starts it again"))
    (while (not mux-sidecar--begun)
      (accept-process-output nil 0.05))))

(defun mux-sidecar--call (method &rest fields)
  "The result of METHOD with FIELDS, which is quick."
  (mux-sidecar--wait)
  (condition-case failure
      (jsonrpc-request mux-sidecar--connection method
                       (apply #'mux-sidecar--object fields)
                       :timeout mux-sidecar--patience)
    (jsonrpc-error
     (user-error "%s" (alist-get 'jsonrpc-error-message (cddr failure))))))

(defun mux-sidecar--ask (method params done &optional failed)
  "Call DONE with the result of METHOD with PARAMS, once it comes.
Call FAILED with an error; without FAILED, show it."
  (jsonrpc-async-request
   mux-sidecar--connection method params
   :timeout nil
   :success-fn done
   :error-fn (or failed
                 (jsonrpc-lambda (&key message &allow-other-keys)
                   (message "mux-sidecar: %s" message)))))

(defun mux-sidecar--execute (command argument &optional done)
  "Run COMMAND with ARGUMENT, an object; call DONE with its result.
The sidecar itself tells how it went, errors too."
  (mux-sidecar--wait)
  (mux-sidecar--ask 'workspace/executeCommand
                    (list :command command
                          :arguments (vector argument)
                          :workDoneToken (format "emacs-%d" (random)))
                    (or done #'ignore) #'ignore))

;;;; The Status of each document

(defvar mux-sidecar--status nil "The Status of what is no file.")
(defvar mux-sidecar--age 0 "How often the Status has changed.")
(defvar-local mux-sidecar--own nil "The Status of the buffer's file.")
(defvar-local mux-sidecar--own-age nil "When that was asked for.")
(defvar-local mux-sidecar--own-folder nil "Its project's root, or `none'.")
(put 'mux-sidecar--own 'permanent-local t)
(put 'mux-sidecar--own-age 'permanent-local t)

(defun mux-sidecar--file ()
  "The file that the buffer is about."
  (buffer-file-name (or (buffer-base-buffer) (current-buffer))))

(defun mux-sidecar--uri (path)
  "PATH as a URI; a remote one as it is called there."
  (let ((local (file-local-name (expand-file-name path))))
    (concat "file://" (if (string-prefix-p "/" local) "" "/")
            (url-hexify-string local url-path-allowed-chars))))

(defun mux-sidecar--as-folders (uris)
  "URIS as the protocol's workspace folders."
  (vconcat (mapcar (lambda (uri)
                     (list :uri uri :name (file-name-nondirectory uri)))
                   uris)))

(defun mux-sidecar--learn-folder ()
  "Tell the sidecar of the project that the buffer's file is in.
Clients name files by their paths in it."
  (unless mux-sidecar--own-folder
    (let* ((project (and (not (file-remote-p default-directory))
                         (ignore-errors (project-current))))
           (uri (and project (mux-sidecar--uri (directory-file-name
                                                (project-root project))))))
      (setq mux-sidecar--own-folder (or uri 'none))
      (when (and uri (not (member uri mux-sidecar--folders)))
        (push uri mux-sidecar--folders)
        (jsonrpc-notify
         mux-sidecar--connection 'workspace/didChangeWorkspaceFolders
         (list :event (list :added (mux-sidecar--as-folders (list uri))
                            :removed [])))))))

(defun mux-sidecar--follow (&rest _)
  "Fetch the Status of each document in view that is out of date."
  (when mux-sidecar--begun
    (dolist (buffer (delete-dups
                     (cons (current-buffer)
                           (mapcar #'window-buffer
                                   (mapcan #'window-list (frame-list))))))
      (with-current-buffer buffer
        (when (and (mux-sidecar--file)
                   (not (eql mux-sidecar--own-age mux-sidecar--age)))
          (setq mux-sidecar--own-age mux-sidecar--age)
          (mux-sidecar--learn-folder)
          (mux-sidecar--fetch
           (mux-sidecar--uri (mux-sidecar--file))
           (lambda (status)
             (when (buffer-live-p buffer)
               (with-current-buffer buffer
                 (setq mux-sidecar--own status)
                 (mux-sidecar--redraw status))))))))))

(defun mux-sidecar--fetch (uri done)
  "Call DONE with the Status for the document URI, nil for none."
  (mux-sidecar--ask 'mux/status (mux-sidecar--object :uri uri) done #'ignore))

(defun mux-sidecar--refresh ()
  "Fetch what the mode lines show."
  (cl-incf mux-sidecar--age)
  (if (not mux-sidecar--begun)
      (mux-sidecar--redraw nil)
    (mux-sidecar--fetch nil (lambda (status)
                              (setq mux-sidecar--status status)
                              (mux-sidecar--redraw status)))
    (mux-sidecar--follow)))

(defun mux-sidecar--redraw (status)
  "Show STATUS, which is new."
  (force-mode-line-update t)
  (run-hook-with-args 'mux-sidecar-status-functions status))

(defun mux-sidecar--renamed ()
  "Fetch the Status anew: the buffer has another file."
  (setq mux-sidecar--own-age nil mux-sidecar--own-folder nil)
  (mux-sidecar--follow))

(defun mux-sidecar-status ()
  "The Status of the current buffer's document, nil while there is none.
It is a property list; `:text' is ready to be shown."
  (or (and (mux-sidecar--file)
           (buffer-local-value 'mux-sidecar--own (or (buffer-base-buffer)
                                                     (current-buffer))))
      mux-sidecar--status))

(defun mux-sidecar-text ()
  "The Status in words, such as `work · ollama/qwen3:8b'; else why not."
  (or (car mux-sidecar--trouble)
      (plist-get (mux-sidecar-status) :text)
      ""))

;;;; The mode line

(declare-function mux-sidecar-menu "mux-sidecar" (event))

(defvar mux-sidecar--button
  (let ((map (make-sparse-keymap)))
    (define-key map [mode-line mouse-1] #'mux-sidecar-click)
    (define-key map [mode-line mouse-3] #'mux-sidecar-menu)
    map))

(defun mux-sidecar--face ()
  "The face of the mode line's text."
  (if mux-sidecar--trouble
      'mux-sidecar-warning
    (pcase (plist-get (mux-sidecar-status) :kind)
      ("warning" 'mux-sidecar-warning)
      ("error" 'mux-sidecar-error)
      ("inactive" 'mux-sidecar-inactive)
      (_ 'mux-sidecar-normal))))

(defun mux-sidecar--segment ()
  "The text in the mode line, to be clicked on."
  (let ((text (mux-sidecar-text)))
    (unless (string-empty-p text)
      (concat " " (propertize
                   (replace-regexp-in-string "%" "%%" text)
                   'face (mux-sidecar--face)
                   'mouse-face 'mode-line-highlight
                   'local-map mux-sidecar--button
                   'help-echo
                   (format "%s\n\nmouse-1: %s, mouse-3: menu"
                           (or (cdr mux-sidecar--trouble)
                               (plist-get (mux-sidecar-status) :tooltip))
                           (downcase (mux-sidecar--action-title))))))))

(defvar mux-sidecar-mode-line '(:eval (mux-sidecar--segment))
  "The mode line's part; `global-mode-string' has it.")
(put 'mux-sidecar-mode-line 'risky-local-variable t)

(defun mux-sidecar--action ()
  "The command that helps now, by title and name."
  (if mux-sidecar--trouble
      '(:title "Start it again")
    (plist-get (mux-sidecar-status) :command)))

(defun mux-sidecar--action-title ()
  "What a click does, in words."
  (or (plist-get (mux-sidecar--action) :title) "Switch workspace"))

(defun mux-sidecar-act ()
  "Do what helps: switch the workspace, or mend what is wrong."
  (interactive)
  (call-interactively
   (pcase (plist-get (mux-sidecar--action) :command)
     ("mux.switchWorkspace" #'mux-sidecar-switch-workspace)
     ("mux.addProvider" #'mux-sidecar-add-provider)
     ("mux.runDoctor" #'mux-sidecar-doctor)
     (_ #'mux-sidecar-restart))))

(defun mux-sidecar-click (event)
  "Do what helps in the window of EVENT, a click."
  (interactive "e")
  (with-selected-window (posn-window (event-start event))
    (mux-sidecar-act)))

;;;; Choosing

(defun mux-sidecar--choose (prompt items annotate)
  "The item of ITEMS, named ones, that the user chooses at PROMPT.
ANNOTATE gives what stands behind an item's name."
  (let* ((completion-ignore-case t)
         (note (lambda (name)
                 (when-let* ((item (cdr (assoc name items))))
                   (concat "  " (funcall annotate item)))))
         (name (completing-read
                prompt
                (lambda (text predicate action)
                  (if (eq action 'metadata)
                      `(metadata (category . mux-sidecar)
                                 (display-sort-function . identity)
                                 (annotation-function . ,note))
                    (complete-with-action action items text predicate)))
                nil t)))
    (or (cdr (assoc-string name items t))
        (user-error "Nothing is chosen"))))

(defun mux-sidecar--read-workspace (prompt)
  "The name of the workspace that is chosen at PROMPT."
  (plist-get
   (mux-sidecar--choose
    prompt
    (mapcar (lambda (each) (cons (plist-get each :name) each))
            (mux-sidecar--call 'mux/workspace/list))
    (lambda (each)
      (concat (or (plist-get each :default) "no model for everything")
              (if (eq (plist-get each :active) t) ", active" ""))))
   :name))

(defun mux-sidecar--model-name (model)
  "MODEL as PROVIDER/MODEL; so a request's, too."
  (if (plist-get model :provider)
      (concat (plist-get model :provider) "/"
              (or (plist-get model :name) (plist-get model :model)))
    "no model"))

(defun mux-sidecar--model-note (model)
  "What there is to say of MODEL."
  (string-join
   (delq nil (list (when-let* ((window (plist-get model :contextWindow)))
                     (format "%dk" (/ window 1000)))
                   (and (eq (plist-get model :gone) t) "gone")))
   ", "))

(defun mux-sidecar--read-model (prompt)
  "PROVIDER/MODEL, as it is chosen at PROMPT."
  (let ((models (append (mux-sidecar--call 'mux/model/list) nil)))
    (unless models
      (user-error "There are no models yet; add a provider: \
M-x mux-sidecar-add-provider"))
    (mux-sidecar--model-name
     (mux-sidecar--choose
      prompt
      (mapcar (lambda (each) (cons (mux-sidecar--model-name each) each)) models)
      #'mux-sidecar--model-note))))

(defun mux-sidecar--read-key (type)
  "What a provider of TYPE is to know of its key, as fields."
  (let ((variable (concat (upcase type) "_API_KEY")))
    (pcase (mux-sidecar--choose
            "API key: "
            '(("type it" . typed) ("in a variable" . variable) ("none" . none))
            (lambda (how)
              (pcase how
                ('typed "not shown, and kept in the keyring")
                ('variable (format "such as %s" variable))
                ('none "the server asks for none"))))
      ('typed (list :apiKey (read-passwd "API key: ")))
      ('variable (list :apiKeyEnv (read-string "Name of the variable: "
                                               variable)))
      ('none (list :auth "none")))))

;;;; Showing

(defun mux-sidecar--filter-name (filter)
  "FILTER as users read it."
  (if (member filter '(nil "")) "everything else" filter))

(defmacro mux-sidecar--showing (&rest body)
  "Show what BODY prints, to be read."
  (declare (indent 0) (debug t))
  `(with-help-window "*mux-sidecar*" ,@body))

(defvar-local mux-sidecar--rows nil "What makes the rows of the list.")

(define-derived-mode mux-sidecar-list-mode tabulated-list-mode "Mux"
  "A list of what the sidecar knows."
  (add-hook 'tabulated-list-revert-hook #'mux-sidecar--fill nil t))

(defun mux-sidecar--fill ()
  "Fill the list anew."
  (setq tabulated-list-entries (funcall mux-sidecar--rows)))

(defun mux-sidecar--list (name columns rows)
  "Show a list called NAME with COLUMNS and the entries from ROWS."
  (let ((entries (funcall rows)))
    (with-current-buffer (get-buffer-create (format "*mux-sidecar %s*" name))
      (mux-sidecar-list-mode)
      (setq tabulated-list-format columns
            mux-sidecar--rows rows
            tabulated-list-entries entries)
      (tabulated-list-init-header)
      (tabulated-list-print)
      (pop-to-buffer (current-buffer)))))

(defun mux-sidecar--model-rows ()
  "The models, as rows."
  (mapcar (lambda (each)
            (list (mux-sidecar--model-name each)
                  (vector (plist-get each :provider)
                          (plist-get each :name)
                          (mux-sidecar--model-note each))))
          (mux-sidecar--call 'mux/model/list)))

(defun mux-sidecar--request-rows ()
  "The newest requests, as rows."
  (mapcar
   (lambda (each)
     (let ((tokens (plist-get each :inputTokens))
           (cost (plist-get each :cost)))
       (list (plist-get each :id)
             (vector
              (format-time-string "%m-%d %H:%M:%S"
                                  (date-to-time (plist-get each :startedAt)))
              (mux-sidecar--model-name each)
              (plist-get each :outcome)
              (if tokens
                  (format "%d/%d" tokens (or (plist-get each :outputTokens) 0))
                "")
              (if cost (format "$%.4f" cost) "")
              (string-join (append (plist-get each :files) nil) " ")
              (or (plist-get each :error) (plist-get each :title) "")))))
   (mux-sidecar--call 'mux/request/list :limit 100)))

;;;; Commands

;;;###autoload
(defun mux-sidecar-switch-workspace (name)
  "Make the workspace NAME the active one, for all editors and clients."
  (interactive (list (mux-sidecar--read-workspace "Switch to workspace: ")))
  (mux-sidecar--execute "mux.switchWorkspace" (list :name name)))

;;;###autoload
(defun mux-sidecar-add-rule (model &optional filter)
  "Use MODEL, PROVIDER/MODEL, for files of this one's type.
With a prefix argument, or FILTER, for files that FILTER is in."
  (interactive
   (let ((filter (and current-prefix-arg (read-string "Files with: "))))
     (unless (or filter (mux-sidecar--file))
       (user-error "This buffer visits no file; \
with a prefix argument, a filter is asked for"))
     (list (mux-sidecar--read-model
            (format "Model for %s: "
                    (or filter (mux-sidecar--like-this))))
           filter)))
  (mux-sidecar--execute
   "mux.addRule"
   (if filter
       (list :filter filter :model model)
     (list :uri (mux-sidecar--uri (mux-sidecar--file)) :model model))))

(defun mux-sidecar--like-this ()
  "Files like the buffer's, in words."
  (let ((ending (file-name-extension (mux-sidecar--file) t)))
    (if (member ending '(nil "")) "files like this one"
      (concat ending " files"))))

;;;###autoload
(defun mux-sidecar-set-default-model (model)
  "Use MODEL, PROVIDER/MODEL, for all that no other rule takes."
  (interactive (list (mux-sidecar--read-model "Model for everything else: ")))
  (mux-sidecar--execute "mux.addRule" (list :filter "" :model model)))

;;;###autoload
(defun mux-sidecar-list-models ()
  "List the models of all providers."
  (interactive)
  (mux-sidecar--list "models"
                     [("Provider" 20 t) ("Model" 50 t) ("Context" 10 nil)]
                     #'mux-sidecar--model-rows))

;;;###autoload
(defun mux-sidecar-refresh-models ()
  "Fetch the models of all providers anew."
  (interactive)
  (mux-sidecar--execute "mux.refreshModels" (make-hash-table)))

;;;###autoload
(defun mux-sidecar-add-provider ()
  "Add a provider: ask for its type, name, endpoint and key."
  (interactive)
  (let* ((type (mux-sidecar--choose
                "Type of provider: "
                (mapcar (lambda (each) (cons (plist-get each :type) each))
                        (mux-sidecar--call 'mux/provider/types))
                (lambda (each) (plist-get each :label))))
         (name (read-string "Name: " (or (plist-get type :freeName)
                                         (plist-get type :type))))
         (usual (plist-get type :defaultEndpoint))
         (endpoint (unless (string-empty-p usual)
                     (read-string "Endpoint: " usual)))
         (key (when (equal (plist-get type :auth) "api_key")
                (mux-sidecar--read-key (plist-get type :type)))))
    (mux-sidecar--execute
     "mux.addProvider"
     (append (list :name name :type (plist-get type :type))
             (and endpoint (list :endpoint endpoint))
             key))))

;;;###autoload
(defun mux-sidecar-explain-file ()
  "Tell which model answers for this file, and why."
  (interactive)
  (let ((file (mux-sidecar--file)))
    (mux-sidecar--execute
     "mux.explainFile"
     (if file (list :uri (mux-sidecar--uri file)) (list :files []))
     #'mux-sidecar--explained)))

(defun mux-sidecar--explained (explanation)
  "Show EXPLANATION."
  (let ((files (append (plist-get explanation :files) nil))
        (route (plist-get explanation :route)))
    (mux-sidecar--showing
      (princ (format "%s: %s\n\n"
                     (if files (string-join files ", ") "Without a file")
                     (mux-sidecar--model-name route)))
      (mapc (lambda (each)
              (princ (format "%s %2d  %-20s %s\n"
                             (if (eq (plist-get each :matched) t) "→" " ")
                             (plist-get each :position)
                             (mux-sidecar--filter-name (plist-get each :filter))
                             (plist-get each :why))))
            (plist-get explanation :considered)))))

;;;###autoload
(defun mux-sidecar-list-requests ()
  "List the last requests, the newest first."
  (interactive)
  (mux-sidecar--list "requests"
                     [("Time" 15 t) ("Model" 30 t) ("Outcome" 9 t)
                      ("Tokens" 12 nil) ("Cost" 8 nil) ("Files" 30 t)
                      ("Title" 0 nil)]
                     #'mux-sidecar--request-rows))

;;;###autoload
(defun mux-sidecar-dashboard ()
  "Open the dashboard in the browser, signed in."
  (interactive)
  (browse-url (plist-get (mux-sidecar--call 'mux/dashboard/url) :url)))

;;;###autoload
(defun mux-sidecar-doctor ()
  "Find out what is wrong, and how to mend it."
  (interactive)
  (mux-sidecar--wait)
  (message "Looking for what is wrong...")
  (mux-sidecar--ask 'mux/doctor (make-hash-table) #'mux-sidecar--diagnosed))

(defun mux-sidecar--diagnosed (found)
  "Show what the doctor has FOUND."
  (message nil)
  (mux-sidecar--showing
    (mapc (lambda (each)
            (princ (format "%s %s: %s\n"
                           (cond ((not (eq (plist-get each :ok) t)) "✗")
                                 ((plist-get each :mend) "!")
                                 (t "✓"))
                           (plist-get each :check)
                           (plist-get each :detail)))
            (when-let* ((mend (plist-get each :mend)))
              (princ (format "  → %s\n" mend))))
          found)))

;;;###autoload
(defun mux-sidecar-show-status ()
  "Tell workspace, model, endpoint and what is wrong."
  (interactive)
  (mux-sidecar--wait)
  (message "%s" (plist-get (mux-sidecar-status) :tooltip)))

;;;###autoload
(defun mux-sidecar-copy-endpoint ()
  "Copy the address that clients are pointed at."
  (interactive)
  (let* ((status (mux-sidecar--call 'mux/status))
         (url (concat (plist-get (plist-get status :endpoint) :url)
                      (and mux-sidecar-workspace
                           (concat "/w/" mux-sidecar-workspace)))))
    (kill-new url)
    (message "Copied: %s" url)))

;;;###autoload
(defun mux-sidecar-restart ()
  "Start the sidecar again."
  (interactive)
  (setq mux-sidecar--ends nil)
  (if (not mux-sidecar-mode)
      (mux-sidecar-mode 1)
    (mux-sidecar--stop)
    (mux-sidecar--start)))

(easy-menu-define mux-sidecar-menu nil
  "What the sidecar does."
  '("mux-sidecar"
    ["Switch workspace..." mux-sidecar-switch-workspace]
    ["Another model for this type of file..." mux-sidecar-add-rule]
    ["Another model for everything else..." mux-sidecar-set-default-model]
    ["Explain this file" mux-sidecar-explain-file]
    "---"
    ["Models" mux-sidecar-list-models]
    ["Fetch models anew" mux-sidecar-refresh-models]
    ["Add provider..." mux-sidecar-add-provider]
    "---"
    ["Last requests" mux-sidecar-list-requests]
    ["Dashboard" mux-sidecar-dashboard]
    ["Copy endpoint" mux-sidecar-copy-endpoint]
    ["Find out what is wrong" mux-sidecar-doctor]
    ["Start again" mux-sidecar-restart]))

(defvar mux-sidecar-command-map
  (let ((map (make-sparse-keymap)))
    (define-key map "w" #'mux-sidecar-switch-workspace)
    (define-key map "r" #'mux-sidecar-add-rule)
    (define-key map "a" #'mux-sidecar-set-default-model)
    (define-key map "e" #'mux-sidecar-explain-file)
    (define-key map "m" #'mux-sidecar-list-models)
    (define-key map "u" #'mux-sidecar-refresh-models)
    (define-key map "p" #'mux-sidecar-add-provider)
    (define-key map "l" #'mux-sidecar-list-requests)
    (define-key map "d" #'mux-sidecar-dashboard)
    (define-key map "c" #'mux-sidecar-copy-endpoint)
    (define-key map "s" #'mux-sidecar-show-status)
    (define-key map "?" #'mux-sidecar-doctor)
    (define-key map "!" #'mux-sidecar-restart)
    map)
  "The commands, for a prefix key of yours.")

;;;###autoload (autoload 'mux-sidecar-command-map "mux-sidecar" nil t 'keymap)
(fset 'mux-sidecar-command-map mux-sidecar-command-map)

;;;; The mode

(defconst mux-sidecar--hooks
  '((window-buffer-change-functions . mux-sidecar--follow)
    (window-selection-change-functions . mux-sidecar--follow)
    (after-set-visited-file-name-hook . mux-sidecar--renamed)
    (kill-emacs-hook . mux-sidecar--stop)))

;;;###autoload
(define-minor-mode mux-sidecar-mode
  "Start the sidecar, and show which model answers for each document."
  :global t
  (pcase-dolist (`(,hook . ,function) mux-sidecar--hooks)
    (if mux-sidecar-mode
        (add-hook hook function)
      (remove-hook hook function)))
  (if (not mux-sidecar-mode)
      (progn (mux-sidecar--stop)
             (setq mux-sidecar--trouble nil
                   global-mode-string (delq 'mux-sidecar-mode-line
                                            global-mode-string))
             (force-mode-line-update t))
    (unless (consp global-mode-string) ; it may be nil, or a text
      (setq global-mode-string (list (or global-mode-string ""))))
    (add-to-list 'global-mode-string 'mux-sidecar-mode-line t)
    (if after-init-time
        (mux-sidecar--start)
      (add-hook 'emacs-startup-hook #'mux-sidecar--start))))

(provide 'mux-sidecar)
;;; mux-sidecar.el ends here
