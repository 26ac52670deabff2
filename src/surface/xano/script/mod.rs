//! XanoScript as far as it declares realtime channels: [`parse`] from text to a [`ChannelScript`], [`print()`] back.
//!
//! ```text
//! script    = { line } "realtime_channel" ( word | string ) "{" [ arguments ] "}" { line }
//! arguments = argument { separator argument } [ separator ]      separator = at least one of "," and a new line
//! argument  = "description" "=" string | "active" "=" boolean
//!           | ( "public_messaging" | "private_messaging" ) "=" messaging | "settings" "=" settings
//! messaging = "{" [ "active" ":" boolean ] [ "auth" ":" boolean ] "}"
//! settings  = "{" "anonymous_clients" ":" boolean … "message_history" ":" digits … "}"      all five
//! word      = letters, digits and underscores of ASCII, no digit first
//! string    = in double quotes: any character but `"` and `\`, new lines too, and the escapes
//!             \" \\ \/ \n \r \t \uXXXX (two for a character beyond U+FFFF)
//! ```
//!
//! Objects are separated like the arguments around them, in any order, each key at most once, bare or as a string. New
//! lines may also stand after `{`, but not within the head or an argument. A new line is a line feed, with or without
//! a carriage return before it; comments are from `//` to the end of the line. Nothing here knows a broker: what a
//! declaration means is for others to say.

mod channel;
mod error;
mod lexer;
mod name;
mod parser;
mod printer;
mod string;
#[cfg(test)]
mod tests;

pub use channel::{ChannelScript, Messaging, Settings};
pub use error::SyntaxError;
pub use name::{NameError, check_name};
pub use parser::{ScriptLimits, parse};
pub use printer::print;
