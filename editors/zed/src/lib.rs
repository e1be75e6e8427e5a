//! Starts `mux-sidecar --stdio`: from the path in Zed's settings (`lsp.mux-sidecar.binary.path`), else from the PATH.

use zed_extension_api::{self as zed, serde_json, settings::LspSettings, LanguageServerId, Result};

const ABSENT: &str = "mux-sidecar is not installed, or not on the PATH of Zed. Install it: pipx install mux-sidecar \
    (of a checkout or wheel: pipx install PATH), or name the program in the setting lsp.mux-sidecar.binary.path.";

struct MuxSidecar;

impl zed::Extension for MuxSidecar {
    fn new() -> Self {
        MuxSidecar
    }

    fn language_server_command(&mut self, id: &LanguageServerId, worktree: &zed::Worktree) -> Result<zed::Command> {
        let given = LspSettings::for_worktree(id.as_ref(), worktree)?.binary.and_then(|binary| binary.path);
        Ok(zed::Command {
            command: given.or_else(|| worktree.which("mux-sidecar")).ok_or(ABSENT)?,
            args: vec!["--stdio".to_string()],
            env: worktree.shell_env(),
        })
    }

    fn language_server_initialization_options(
        &mut self,
        id: &LanguageServerId,
        worktree: &zed::Worktree,
    ) -> Result<Option<serde_json::Value>> {
        Ok(LspSettings::for_worktree(id.as_ref(), worktree)?.initialization_options)
    }
}

zed::register_extension!(MuxSidecar);
