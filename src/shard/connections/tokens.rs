//! The end of the credentials that a WebSocket was opened with: the client is warned, may show new ones, and is heard
//! and told nothing once they are over.

use super::closing::CloseFrame;
use crate::base::ids::ConnectionId;
use crate::base::secret::Secret;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::{ConnectionReply, Notice, Reply};
use crate::model::session::{Scopes, Session};
use crate::protocol::websocket::{Opcode, write_frame};
use crate::shard::edge::Edge;
use std::sync::Arc;

/// Milliseconds before the end at which a client is warned; a tenth of what is left at the start, where that is less.
const WARNING_MS_MAX: u64 = 60_000;

impl Edge {
    /// Watches the end of a WebSocket's credentials, if they have one. It was opened with them, or has shown them.
    pub(in crate::shard) fn watch_token(&mut self, id: ConnectionId) {
        let Some(left_ms) =
            self.connections.get(id).and_then(|connection| connection.token_left_ms(self.now))
        else {
            return;
        };
        if let Some(connection) = self.connections.get_mut(id) {
            connection.flags.warned = false;
        }
        self.connections.watch(self.now, id, left_ms - WARNING_MS_MAX.min(left_ms / 10));
    }

    /// Does what the end of a connection's credentials gives cause for.
    pub(in crate::shard) fn judge_token(&mut self, id: ConnectionId) {
        let Some(left_ms) =
            self.connections.get(id).and_then(|connection| connection.token_left_ms(self.now))
        else {
            return;
        };
        if left_ms == 0 {
            return self.close_socket(id, CloseFrame::TOKEN_EXPIRED);
        }
        let warned = left_ms <= WARNING_MS_MAX;
        if warned && let Some(connection) = self.connections.get_mut(id) {
            let again = std::mem::replace(&mut connection.flags.warned, true);
            if !again {
                self.notify(id, Notice::TokenEnds { in_s: left_ms.div_ceil(1000) });
            }
        }
        self.connections.watch(self.now, id, if warned { left_ms } else { left_ms - WARNING_MS_MAX });
    }

    /// Ends a WebSocket whose credentials are over. Whether it did.
    pub(in crate::shard) fn end_if_expired(&mut self, id: ConnectionId) -> bool {
        let expired =
            self.connections.get(id).and_then(|connection| connection.token_left_ms(self.now)) == Some(0);
        if expired {
            self.close_socket(id, CloseFrame::TOKEN_EXPIRED);
        }
        expired
    }

    /// Tells a client something about its connection, if its dialect does.
    fn notify(&mut self, id: ConnectionId, notice: Notice) {
        let Some(dialect) = self.connections.get(id).and_then(|connection| connection.dialect()) else {
            return;
        };
        let (mut text, mut frame) = (Vec::new(), Vec::new());
        (dialect.encode_notice)(&mut text, notice);
        if !text.is_empty() {
            write_frame(&mut frame, Opcode::Text, &text);
            self.counters.messages_sent += 1;
            self.write(id, &frame);
        }
    }

    /// A client goes on under new credentials, which `verify` judges.
    ///
    /// # Errors
    /// They do not hold, are another user's, or could not have opened the socket.
    pub(in crate::shard) fn renew(
        &mut self,
        id: ConnectionId,
        token: &Secret,
        verify: impl FnOnce(&str) -> Result<Arc<Session>, Fault>,
    ) -> Reply {
        let session = self.connections.get(id).and_then(|connection| connection.session.clone());
        let token = std::str::from_utf8(token.expose()).unwrap_or_default();
        let renewed = session
            .ok_or_else(no_session)
            .and_then(|session| verify(token).and_then(|shown| renewed(&session, &shown)));
        match renewed {
            Err(fault) => Reply::Fault(fault),
            Ok(renewed) => {
                let expires_unix_s = renewed.expires_unix_s;
                if let Some(connection) = self.connections.get_mut(id) {
                    connection.session = Some(renewed.into());
                }
                self.watch_token(id);
                Reply::Connection(ConnectionReply::Renewed { expires_unix_s })
            }
        }
    }
}

fn renewed(session: &Session, shown: &Session) -> Result<Session, Fault> {
    let refused = |sentence| Err(Fault::new(FaultCode::Forbidden, sentence));
    if shown.user != session.user {
        return refused("The token is another user's. Open a connection of its own for that user.");
    }
    if !shown.scopes.contains(Scopes::READ) {
        return refused(
            "The token lacks the scope \"read\", which this connection needs. Use one that has it.",
        );
    }
    Ok(session.renewed_as(shown))
}

fn no_session() -> Fault {
    Fault::new(
        FaultCode::NoCredentials,
        "This connection was opened without credentials, so there are none to renew.",
    )
}
