//! XML for formats that others read: text without what XML 1.0 cannot hold.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, Event};

use super::style::{harmless, one_line};

/// A document whose content `write` writes.
///
/// # Errors
/// Only what writing to memory reports, which is nothing.
pub(super) fn document(write: impl FnOnce(&mut Writer<Vec<u8>>) -> io::Result<()>) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    write(&mut writer)?;
    String::from_utf8(writer.into_inner()).map(|text| text + "\n").map_err(io::Error::other)
}

/// The value of an attribute: readers make blanks of line feeds there, so it is one line.
pub(super) fn attribute(text: &str) -> String {
    one_line(&content(text))
}

/// Text between tags. XML 1.0 has no control characters, not even escaped ones, and not the last two characters of the first plane
/// (section 2.2, `Char`).
pub(super) fn content(text: &str) -> String {
    harmless(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
