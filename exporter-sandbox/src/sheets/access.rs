//! Who may do what: accounts, tokens and the sharing of a spreadsheet.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::errors::{Answer, ApiError};

/// Rights to a spreadsheet, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May read.
    Viewer,
    /// May read and write.
    Editor,
    /// May do everything, protected ranges included.
    Owner,
}

/// Accounts a spreadsheet is shared with, by address.
pub type Sharing = BTreeMap<String, Role>;

/// The account behind a request, with its right to the spreadsheet in question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Address of the account.
    pub email: String,
    /// Its right.
    pub role: Role,
}

impl Actor {
    /// The account with the right that `sharing` gives it; 403 when it has none, or less
    /// than it needs.
    pub fn with(email: &str, sharing: &Sharing, needs: Role) -> Answer<Self> {
        let role = sharing.get(email).copied().filter(|&role| role >= needs);
        let role = role.ok_or_else(ApiError::forbidden)?;
        Ok(Self { email: email.to_owned(), role })
    }
}

/// Tokens in circulation and whose they are.
#[derive(Debug, Default)]
pub struct Tokens {
    by_token: HashMap<String, Ticket>,
}

#[derive(Debug)]
struct Ticket {
    email: String,
    /// Unix seconds; `None` for a token that never ends.
    ends: Option<i64>,
}

impl Tokens {
    /// Makes `token` stand for the account until `ends` (Unix seconds), or for ever.
    pub fn add(&mut self, token: String, email: String, ends: Option<i64>) {
        self.by_token.insert(token, Ticket { email, ends });
    }

    /// Ends every token of an account.
    pub fn revoke(&mut self, email: &str) {
        self.by_token.retain(|_, ticket| ticket.email != email);
    }

    /// The account behind a token; 401 when nobody issued it or it has ended.
    pub fn account(&self, token: &str, now: i64) -> Answer<&str> {
        self.by_token
            .get(token)
            .filter(|ticket| ticket.ends.is_none_or(|ends| now < ends))
            .map(|ticket| ticket.email.as_str())
            .ok_or_else(ApiError::unauthenticated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends() {
        let mut tokens = Tokens::default();
        tokens.add("t".to_owned(), "a@example.com".to_owned(), Some(100));
        assert_eq!(tokens.account("t", 99), Ok("a@example.com"));
        assert_eq!(tokens.account("t", 100), Err(ApiError::unauthenticated()));
        assert_eq!(tokens.account("u", 0), Err(ApiError::unauthenticated()));
    }

    #[test]
    fn a_viewer_may_not_write() {
        let sharing = Sharing::from([("a@example.com".to_owned(), Role::Viewer)]);
        assert!(Actor::with("a@example.com", &sharing, Role::Viewer).is_ok());
        assert_eq!(Actor::with("a@example.com", &sharing, Role::Editor), Err(ApiError::forbidden()));
        assert_eq!(Actor::with("b@example.com", &sharing, Role::Viewer), Err(ApiError::forbidden()));
    }
}
