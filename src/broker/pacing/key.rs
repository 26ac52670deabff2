//! By what a publication gives way to a newer one.

use crate::base::json::scan;
use crate::model::publication::{ArchivedBody, PublicationBytes};

/// The key of a publication whose data has it in this member; without a name, one key for all data. `None` if it gives way to
/// nothing: it is no data, or has no such member. A value is its text as it was written: `1` and `1.0` are two keys.
pub(super) fn of<'a>(publication: &'a PublicationBytes, member: Option<&str>) -> Option<&'a str> {
    let ArchivedBody::Data { json } = &publication.view().body else { return None };
    let Some(member) = member else { return Some("") };
    let mut found = None;
    // The last one of a name counts, as everywhere.
    let is_object = scan::object(json, |name, escaped, value| {
        if !escaped && name == member {
            found = Some(value.text);
        }
    });
    is_object.ok().and(found)
}
