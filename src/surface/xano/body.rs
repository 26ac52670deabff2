//! What a REST request carries besides its path: a script, or a JSON object.

use super::script::{ScriptLimits, SyntaxError, parse};
use super::{definition, names};
use crate::model::definition::DefinitionDraft;
use crate::model::fault::{Fault, FaultCode, FaultPlace};
use crate::surface::{Request, json};
use serde::Deserialize;

/// The body as a definition of a workspace's channel.
pub fn definition(request: &Request<'_>, workspace: u64) -> Result<DefinitionDraft, Fault> {
    of_type(
        request,
        "text/x-xanoscript",
        "The body must be XanoScript: send Content-Type: text/x-xanoscript.",
    )?;
    let limits = request.limits;
    if request.body.len() > limits.definition_source_bytes_max as usize {
        let sentence =
            format!("The script is too long: at most {} bytes.", limits.definition_source_bytes_max);
        return Err(Fault::new(FaultCode::TooLarge, sentence));
    }
    let source =
        std::str::from_utf8(request.body).map_err(|error| not_text(request.body, error.valid_up_to()))?;
    let limits = ScriptLimits {
        name_bytes_max: names::bytes_max(workspace, limits.channel_name_bytes_max),
        message_history_max: limits.message_history_max,
    };
    let script = parse(source, &limits).map_err(syntax)?;
    Ok(definition::draft(&script, source))
}

/// The body as a JSON object.
pub fn object<'a, T: Deserialize<'a>>(request: &Request<'a>) -> Result<T, Fault> {
    of_type(request, "application/json", "The body must be JSON: send Content-Type: application/json.")?;
    json::object(request.body)
}

/// RFC 9110 section 8.3.1: the type is case-insensitive, and parameters may follow.
fn of_type(request: &Request<'_>, wanted: &str, sentence: &'static str) -> Result<(), Fault> {
    let given = request.head.header_str("content-type").unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    Err(Fault::new(FaultCode::InvalidRequest, sentence).at(FaultPlace::Parameter("Content-Type")))
}

/// Bytes that are not UTF-8 are at a place as well.
fn not_text(body: &[u8], valid_up_to: usize) -> Fault {
    let before = String::from_utf8_lossy(&body[..valid_up_to]);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    syntax(SyntaxError { line, column, message: "This is not valid UTF-8".into() })
}

fn syntax(error: SyntaxError) -> Fault {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let place = FaultPlace::Text { line: number(error.line), column: number(error.column) };
    Fault::new(FaultCode::InvalidSyntax, error.message).at(place)
}
