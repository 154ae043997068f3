//! How the binding is written that a value came by: what an edit can do there hangs on it.

use crate::source::Place;

/// Most bytes between a name and its value that are looked through.
const FARTHEST: usize = 400;

/// How the binding of a value is written, as far as the source around it tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Binding {
    /// Not known, or no name with an expression of its own: it is inherited or computed.
    #[default]
    Unknown,
    /// `name = …;`, and the value stands elsewhere.
    Named,
    /// `name = …;`, and the value stands in that expression below calls and lists only: `name = mkDefault value;`, `name = [ value ];`.
    Inside,
    /// `name = value;`. Holds the first byte after the semicolon.
    Whole(u32),
}

impl Binding {
    /// Reads the text around a name and a value of one file.
    pub(super) fn read(text: &str, name: Place, value: Option<Place>) -> Self {
        // As nearly all are written.
        if let Some(value) = value.filter(|value| value.file == name.file && value.span.start == name.span.end + 3)
            && text.as_bytes().get(name.span.end as usize..value.span.start as usize) == Some(b" = ")
            && text.as_bytes().get(value.span.end as usize) == Some(&b';')
        {
            return Self::Whole(value.span.end + 1);
        }
        let Some(rest) = text.get(name.span.end as usize..).filter(|rest| rest.trim_start().starts_with('=')) else {
            return Self::Unknown;
        };
        // `==` compares.
        if rest.trim_start().starts_with("==") {
            return Self::Unknown;
        }
        let value = value.filter(|value| value.file == name.file && value.span.start >= name.span.end);
        let Some(value) = value else { return Self::Named };
        let length = (value.span.start - name.span.end) as usize;
        let Some(between) = rest.get(..length).filter(|_| length <= FARTHEST) else { return Self::Named };
        let before = between.trim_start().strip_prefix('=').unwrap_or_default();
        let after = text.get(value.span.end as usize..).unwrap_or_default();
        let semicolon = after.len() - after.trim_start().len();
        if before.trim().is_empty() && after.trim_start().starts_with(';') {
            let end = value.span.end as usize + semicolon + 1;
            return u32::try_from(end).map_or(Self::Inside, Self::Whole);
        }
        // Another name, the end of a binding, a condition or a comment between the two, and the value is somebody else's.
        let is_other = before.contains(['=', ';', '{', '}', '#', ':', '@', '?']) || before.contains("/*");
        let is_branch = before.split_whitespace().any(|word| matches!(word, "if" | "then" | "else" | "assert" | "in"));
        if is_other || is_branch { Self::Named } else { Self::Inside }
    }

    /// Whether it is a name with an expression of its own, before which another binding can stand.
    pub fn is_named(self) -> bool {
        !matches!(self, Self::Unknown)
    }

    /// Whether the value stands in the expression of the name, so that who changes it changes this binding only.
    pub fn holds_value(self) -> bool {
        matches!(self, Self::Inside | Self::Whole(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, Span};

    /// `<` and `>` stand around the name, `«` and `»` around the value.
    fn read(marked: &str) -> (Binding, String) {
        let text: String = marked.replace(['‹', '›', '«', '»'], "");
        let at = |sign: char| {
            let before = marked.split(sign).next().unwrap();
            u32::try_from(before.replace(['‹', '›', '«', '»'], "").len()).unwrap()
        };
        let place = |start, end| Place { file: FileId(0), span: Span::new(at(start), at(end)) };
        (Binding::read(&text, place('‹', '›'), Some(place('«', '»'))), text)
    }

    #[test]
    fn spaces_and_line_ends_do_not_matter() {
        for marked in ["{ ‹a› = «1»; }", "{ ‹a›=«1»; }", "{ ‹a›\n  =\n    «1» ; }", "{ ‹\"a b\"›  =  «\"x\"»; }"]
        {
            let (binding, text) = read(marked);
            let Binding::Whole(end) = binding else { panic!("{marked}: {binding:?}") };
            assert!(text.get(..end as usize).unwrap().ends_with(';'), "{marked}");
        }
    }

    #[test]
    fn what_stands_between_tells() {
        let table = [
            ("{ ‹a› = lib.mkDefault «1»; }", Binding::Inside),
            ("{ ‹a› = [ «1» ]; }", Binding::Inside),
            ("{ ‹a› = [ \"10.0.0.1/32\" «\"x\"» ]; }", Binding::Inside),
            ("{ ‹a› = (id «1»); }", Binding::Inside),
            ("{ ‹a› = x; b = «1»; }", Binding::Named),
            ("{ ‹a› = let x = «1»; in x; }", Binding::Named),
            ("{ ‹a› = if b then «1» else 2; }", Binding::Named),
            ("{ ‹a› = f (x: «1»); }", Binding::Named),
            ("{ ‹a› = /* one */ «1»; }", Binding::Named),
            ("{ inherit ‹a›; b = «1»; }", Binding::Unknown),
            ("{ ‹a›.b = «1»; }", Binding::Unknown),
        ];
        for (marked, expected) in table {
            assert_eq!(read(marked).0, expected, "{marked}");
        }
    }
}
