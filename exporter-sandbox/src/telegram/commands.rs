//! The commands that a bot shows to people who begin to write one (Bot API, `setMyCommands`).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors::{Answer, Refusal};
use super::request::Parameters;
use super::state::State;

/// No more are taken.
const MOST: usize = 100;

/// A command and what it does (Bot API, `BotCommand`).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Command {
    command: String,
    description: String,
}

impl Command {
    /// Its name, without a slash.
    pub fn name(&self) -> &str {
        self.command.strip_prefix('/').unwrap_or(&self.command)
    }

    fn is_valid(&self) -> bool {
        let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        let name = self.name();
        (1..=32).contains(&name.len())
            && name.chars().all(allowed)
            && (1..=256).contains(&self.description.chars().count())
    }
}

impl State {
    /// `setMyCommands`.
    pub fn set_commands(&mut self, parameters: &Parameters) -> Answer {
        let commands: Vec<Command> = parameters.object("commands")?.unwrap_or_default();
        if commands.len() > MOST {
            return Err(Refusal::bad("BOT_COMMANDS_TOO_MUCH"));
        }
        if !commands.iter().all(Command::is_valid) {
            return Err(Refusal::bad("BOT_COMMAND_INVALID"));
        }
        self.commands = commands;
        Ok(true.into())
    }

    /// `getMyCommands`.
    pub fn shown_commands(&self) -> Value {
        json!(self.commands)
    }
}
