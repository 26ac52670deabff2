//! What others are shown of a client: `{"socketId":…,"extras":{…},"permissions":{"dbo_id":…,"row_id":…}}`.

use crate::model::publication::{ArchivedClient, Client};
use crate::surface::json::{push_number, push_text};

/// Appends a client.
pub fn push(out: &mut Vec<u8>, client: &Client) {
    fields(out, &client.socket, &client.extras, client.table, client.row);
}

/// Appends the client in a publication.
pub fn push_archived(out: &mut Vec<u8>, client: &ArchivedClient) {
    fields(out, &client.socket, &client.extras, client.table.to_native(), client.row.to_native());
}

fn fields(out: &mut Vec<u8>, socket: &str, extras: &str, table: u64, row: u64) {
    out.extend_from_slice(b"{\"socketId\":");
    push_text(out, socket);
    out.extend_from_slice(b",\"extras\":");
    out.extend_from_slice(extras.as_bytes());
    out.extend_from_slice(b",\"permissions\":{\"dbo_id\":");
    push_number(out, table);
    out.extend_from_slice(b",\"row_id\":");
    push_number(out, row);
    out.extend_from_slice(b"}}");
}
