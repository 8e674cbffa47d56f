//! The methods that write into a chat: send, edit, delete, pin.

use serde_json::Value;

use super::errors::{Answer, Refusal};
use super::limits;
use super::markup::Formatted;
use super::picture;
use super::request::{Parameters, Upload};
use super::state::{Author, Chat, Content, File, Standing, State};

/// Longest text and longest caption, in UTF-16 code units after the markup is read
/// (core.telegram.org/bots/api#sendmessage, #sendphoto).
const LONGEST_TEXT: usize = 4096;
const LONGEST_CAPTION: usize = 1024;

/// What a picture or document is called in parameters and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Photo,
    Document,
}

impl FileKind {
    fn name(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Document => "document",
        }
    }
}

impl State {
    /// The chat of a call, if the bot may be there.
    pub fn chat(&mut self, parameters: &Parameters) -> Result<&mut Chat, Refusal> {
        let text = parameters.text("chat_id").ok_or_else(|| Refusal::bad("chat_id is empty"))?;
        let id = text.trim().parse::<i64>().ok();
        let chat = id.and_then(|id| self.chats.get_mut(&id)).ok_or_else(|| Refusal::bad("chat not found"))?;
        match chat.standing {
            Standing::Member | Standing::Restricted => Ok(chat),
            Standing::Migrated(to) => Err(Refusal::migrated(to)),
            Standing::Kicked if !chat.is_group() => Err(Refusal::forbidden("bot was blocked by the user")),
            Standing::Kicked if chat.id > -1_000_000_000_000 => {
                Err(Refusal::forbidden("bot was kicked from the group chat"))
            }
            Standing::Kicked => Err(Refusal::forbidden("bot was kicked from the supergroup chat")),
        }
    }

    /// `sendMessage`.
    pub fn send_message(&mut self, parameters: &Parameters) -> Answer {
        self.chat(parameters)?;
        let text = text(parameters)?;
        self.send(parameters, Content::Text(text), "text messages")
    }

    /// `sendPhoto` and `sendDocument`.
    pub fn send_file(&mut self, parameters: &Parameters, kind: FileKind) -> Answer {
        self.chat(parameters)?;
        let file = self.file(parameters, kind)?;
        let caption = caption(parameters)?;
        let rights = if kind == FileKind::Photo { "photos" } else { "documents" };
        self.send(parameters, Content::File(file, caption), rights)
    }

    fn file(&mut self, parameters: &Parameters, kind: FileKind) -> Result<File, Refusal> {
        let name = kind.name();
        if let Some(upload) = parameters.file(name) {
            return self.uploaded(upload, kind);
        }
        let id = parameters.text(name);
        let id = id.ok_or_else(|| Refusal::bad(format!("there is no {name} in the request")))?;
        let known = self.known_file(id).filter(|file| file.picture.is_some() == (kind == FileKind::Photo));
        known.cloned().ok_or_else(|| Refusal::bad("wrong file identifier/HTTP URL specified"))
    }

    fn uploaded(&mut self, upload: &Upload, kind: FileKind) -> Result<File, Refusal> {
        if upload.bytes.is_empty() {
            return Err(Refusal::bad("file must be non-empty"));
        }
        let picture = (kind == FileKind::Photo).then(|| picture::size(&upload.bytes)).transpose()?;
        Ok(File {
            id: self.next_file(),
            name: upload.name.clone(),
            media: upload.media.clone(),
            picture,
            bytes: upload.bytes.clone(),
        })
    }

    fn send(&mut self, parameters: &Parameters, content: Content, what: &str) -> Answer {
        let reply = parameters.object::<Value>("reply_parameters")?;
        let reply = reply.and_then(|reply| reply["message_id"].as_i64());
        let reply = reply.or(parameters.number("reply_to_message_id"));
        let now = self.clock.now();
        let chat = self.chat(parameters)?;
        if chat.standing == Standing::Restricted {
            return Err(Refusal::bad(format!("not enough rights to send {what} to the chat")));
        }
        if reply.is_some_and(|id| !chat.messages.contains_key(&id)) {
            return Err(Refusal::bad("message to be replied not found"));
        }
        self.admit(parameters)?;
        let chat = self.chat(parameters)?;
        let id = chat.add(Author::Bot, now, reply, content);
        Ok(chat.shown_message(&chat.messages[&id]))
    }

    /// Counts a message or an edit, or refuses it when there are too many.
    fn admit(&mut self, parameters: &Parameters) -> Result<(), Refusal> {
        if !self.limited {
            return Ok(());
        }
        let now = self.clock.now();
        let mut overall = std::mem::take(&mut self.taken);
        let admitted = self.chat(parameters).and_then(|chat| {
            let group = chat.is_group();
            limits::take(&mut overall, &mut chat.taken, group, now).map_err(Refusal::flood)
        });
        self.taken = overall;
        admitted
    }

    /// `editMessageText`.
    pub fn edit_text(&mut self, parameters: &Parameters) -> Answer {
        let new = text(parameters);
        self.edit(parameters, |content| match content {
            Content::Text(old) => replace(old, new?),
            _ => Err(Refusal::bad("there is no text in the message to edit")),
        })
    }

    /// `editMessageCaption`.
    pub fn edit_caption(&mut self, parameters: &Parameters) -> Answer {
        let new = caption(parameters);
        self.edit(parameters, |content| match content {
            Content::File(_, old) => replace(old, new?),
            _ => Err(Refusal::bad("there is no caption in the message to edit")),
        })
    }

    fn edit(
        &mut self,
        parameters: &Parameters,
        change: impl FnOnce(&mut Content) -> Result<(), Refusal>,
    ) -> Answer {
        let now = self.clock.now();
        let chat = self.chat(parameters)?;
        let id = message_id(parameters)?;
        let message = chat.messages.get(&id).ok_or_else(|| Refusal::bad("message to edit not found"))?;
        if message.author != Author::Bot {
            return Err(Refusal::bad("message can't be edited"));
        }
        let mut content = message.content.clone();
        change(&mut content)?;
        self.admit(parameters)?;
        let chat = self.chat(parameters)?;
        if let Some(message) = chat.messages.get_mut(&id) {
            message.content = content;
            message.edited = Some(now);
        }
        Ok(chat.shown_message(&chat.messages[&id]))
    }

    /// `deleteMessage`.
    pub fn delete(&mut self, parameters: &Parameters) -> Answer {
        let chat = self.chat(parameters)?;
        let id = message_id(parameters)?;
        // What people wrote in a group only who has rights there takes away.
        let foreign = chat.messages.get(&id).is_some_and(|message| message.author != Author::Bot);
        if foreign && chat.is_group() && chat.standing == Standing::Restricted {
            return Err(Refusal::bad("message can't be deleted"));
        }
        let gone = chat.messages.remove(&id);
        gone.ok_or_else(|| Refusal::bad("message to delete not found"))?;
        chat.pinned.retain(|pinned| *pinned != id);
        Ok(true.into())
    }

    /// `pinChatMessage`; a notice about it appears in the chat, once per message.
    pub fn pin(&mut self, parameters: &Parameters) -> Answer {
        let now = self.clock.now();
        let chat = self.chat(parameters)?;
        let id = message_id(parameters)?;
        if !chat.messages.contains_key(&id) {
            return Err(Refusal::bad("message to pin not found"));
        }
        may_pin(chat)?;
        if !chat.pinned.contains(&id) {
            chat.pinned.push(id);
            chat.add(Author::Bot, now, None, Content::Pinned(id));
        }
        Ok(true.into())
    }

    /// `unpinChatMessage`; without a message's id it is the latest pinned one.
    pub fn unpin(&mut self, parameters: &Parameters) -> Answer {
        let chat = self.chat(parameters)?;
        may_pin(chat)?;
        let id = parameters.number("message_id").or(chat.pinned.last().copied());
        let at = chat.pinned.iter().position(|pinned| Some(*pinned) == id);
        chat.pinned.remove(at.ok_or_else(|| Refusal::bad("message to unpin not found"))?);
        Ok(true.into())
    }
}

fn may_pin(chat: &Chat) -> Result<(), Refusal> {
    match chat.standing {
        Standing::Restricted => Err(Refusal::bad("not enough rights to manage pinned messages in the chat")),
        _ => Ok(()),
    }
}

fn message_id(parameters: &Parameters) -> Result<i64, Refusal> {
    parameters
        .number("message_id")
        .filter(|id| *id > 0)
        .ok_or_else(|| Refusal::bad("message identifier is not specified"))
}

fn text(parameters: &Parameters) -> Result<Formatted, Refusal> {
    let read = Formatted::read(parameters.text("text").unwrap_or_default(), parameters.text("parse_mode"));
    let text = read.map_err(Refusal::bad)?;
    match text.units() {
        0 => Err(Refusal::bad("message text is empty")),
        1..=LONGEST_TEXT => Ok(text),
        _ => Err(Refusal::bad("message is too long")),
    }
}

fn caption(parameters: &Parameters) -> Result<Formatted, Refusal> {
    let read = Formatted::read(parameters.text("caption").unwrap_or_default(), parameters.text("parse_mode"));
    let caption = read.map_err(Refusal::bad)?;
    if caption.units() > LONGEST_CAPTION {
        return Err(Refusal::bad("message caption is too long"));
    }
    Ok(caption)
}

fn replace(old: &mut Formatted, new: Formatted) -> Result<(), Refusal> {
    if *old == new {
        return Err(Refusal::bad(
            "message is not modified: specified new message content and reply markup are exactly the same \
             as a current content and reply markup of the message",
        ));
    }
    *old = new;
    Ok(())
}
