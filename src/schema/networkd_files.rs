//! How NixOS writes the files of networkd: which option becomes which section, and in which order.

use std::sync::LazyLock;

/// A kind of file below `/etc/systemd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// `networkd.conf`
    Global,
    /// `network/<name>.link`, which udev reads whether or not networkd runs.
    Link,
    /// `network/<name>.netdev`
    Netdev,
    /// `network/<name>.network`
    Network,
}

impl FileKind {
    /// The name in the table, which is the extension of files that have a name of their own.
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Link => "link",
            Self::Netdev => "netdev",
            Self::Network => "network",
        }
    }

    /// What a file of this kind consists of, in order.
    pub fn layout(self) -> impl Iterator<Item = &'static Piece> {
        PIECES.iter().filter(move |(kind, _)| *kind == self.name()).map(|(_, piece)| piece)
    }
}

/// A piece of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The option that it is made from.
    pub option: &'static str,
    /// How.
    pub form: Form,
}

/// How an option becomes lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A section of this name, left out if the option is empty.
    Section(&'static str),
    /// The same, also if it is empty.
    Always(&'static str),
    /// The same, and what follows goes on with the section.
    Open(&'static str),
    /// A list of texts: a line each with this key.
    Keys(&'static str),
    /// A list of sections of this name, whose elements up to NixOS 24.05 had the wrapper.
    Each(&'static str, &'static str),
    /// An empty line.
    Blank,
    /// Text, as it is.
    Text,
}

static PIECES: LazyLock<Vec<(&'static str, Piece)>> = LazyLock::new(|| {
    let lines = include_str!("tables/networkd_files.tsv").lines();
    let pieces = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).filter_map(|line| {
        let mut fields = line.split('\t');
        let (file, option, form, name) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let form = match form {
            "section" => Form::Section(name),
            "always" => Form::Always(name),
            "open" => Form::Open(name),
            "keys" => Form::Keys(name),
            "each" => Form::Each(name, fields.next()?),
            "blank" => Form::Blank,
            "text" => Form::Text,
            _ => return None,
        };
        Some((file, Piece { option, form }))
    });
    pieces.collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_understood() {
        let rows = include_str!("tables/networkd_files.tsv").lines().filter(|line| !line.starts_with('#')).count();
        let kinds = [FileKind::Global, FileKind::Link, FileKind::Netdev, FileKind::Network];
        assert_eq!(kinds.into_iter().flat_map(FileKind::layout).count(), rows);
    }
}
