//! `show --format networkd`: the files of networkd as NixOS would write them.

use std::collections::BTreeSet;

use super::WrittenFile;
use crate::fleet::{Fact, FileLine, Fleet, Guest, Host, Listed, NetworkFile};

/// The machine whose files are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// All of them.
    All,
    /// The host of this name.
    Host(&'a str),
    /// The guests of this name; `host/guest` is that of one host.
    Guest(&'a str),
}

/// The files of the machines that are wanted, in the order of the facts. The path of one is `<machine>/etc/systemd/network/<file>`; a guest whose name
/// another machine has too stands below its host: `<host>/<guest>/etc/…`.
pub fn files(fleet: &Fleet, wanted: Wanted<'_>) -> Vec<WrittenFile> {
    let mut written = Vec::new();
    for (folder, files) in machines(fleet, wanted) {
        for file in &files.items {
            let mut path: Vec<String> = folder.iter().map(|name| plain_name(name)).collect();
            path.extend(["etc".to_owned(), "systemd".to_owned()]);
            match file.path.split_once('/') {
                Some((below, name)) => path.extend([below.to_owned(), plain_name(name)]),
                None => path.push(file.path.clone()),
            }
            let text = (file.is_enabled.value() != Some(&false)).then(|| text_of(file));
            written.push(WrittenFile { path, text });
        }
        if !files.is_complete {
            let mut path: Vec<String> = folder.iter().map(|name| plain_name(name)).collect();
            path.push("INCOMPLETE".to_owned());
            let text = "# There may be files that are not known; `routelint show --where` and the coverage of `routelint check --format json` tell why.\n";
            written.push(WrittenFile { path, text: Some(text.to_owned()) });
        }
    }
    written
}

/// Whether there is a machine that is wanted.
pub fn is_there(fleet: &Fleet, wanted: Wanted<'_>) -> bool {
    !machines(fleet, wanted).is_empty()
}

/// All files as one text, each below its path.
pub fn render(files: &[WrittenFile]) -> String {
    let mut text = String::new();
    for file in files {
        text.push_str(&format!("# {}", file.path.join("/")));
        match &file.text {
            Some(lines) => text.push_str(&format!("\n{}\n\n", lines.trim_end())),
            None => text.push_str(" -> /dev/null\n\n"),
        }
    }
    text.truncate(text.trim_end().len() + usize::from(!text.is_empty()));
    text
}

/// Machines with the folders that their files lie in.
fn machines<'a>(fleet: &'a Fleet, wanted: Wanted<'_>) -> Vec<(Vec<&'a str>, &'a Listed<NetworkFile>)> {
    let (mut once, mut shared) = (BTreeSet::new(), BTreeSet::new());
    let names = fleet.hosts.iter().map(|host| &host.name).chain(fleet.guests.iter().map(|guest| &guest.name));
    for name in names {
        if !once.insert(name.as_str()) {
            shared.insert(name.as_str());
        }
    }
    let is_wanted_host = |host: &Host| match wanted {
        Wanted::All => true,
        Wanted::Host(name) => host.name == name,
        Wanted::Guest(_) => false,
    };
    let is_wanted_guest = |guest: &Guest| match wanted {
        Wanted::All => true,
        Wanted::Host(_) => false,
        Wanted::Guest(name) => {
            let whole = fleet.host_of(guest).map(|host| format!("{}/{}", host.name, guest.name));
            guest.name == name || whole.as_deref() == Some(name)
        }
    };
    let hosts = fleet.hosts.iter().filter(|host| is_wanted_host(host));
    let mut all: Vec<(Vec<&str>, _)> = hosts.map(|host| (vec![host.name.as_str()], &host.network.files)).collect();
    for guest in fleet.guests.iter().filter(|guest| is_wanted_guest(guest)) {
        let mut folder = vec![guest.name.as_str()];
        if let Some(host) = fleet.host_of(guest).filter(|_| shared.contains(guest.name.as_str())) {
            folder.insert(0, &host.name);
        }
        all.push((folder, &guest.network.files));
    }
    all
}

/// The text of a file. What is not known stands there as a comment.
fn text_of(file: &NetworkFile) -> String {
    let mut text = String::new();
    if matches!(file.is_enabled, Fact::Unknown) {
        text.push_str("# Whether this file is enabled is not known.\n");
    }
    for line in &file.lines {
        match line {
            FileLine::Section(name) => text.push_str(&format!("[{name}]\n")),
            FileLine::Setting(key, Some(value)) => text.push_str(&format!("{key}={value}\n")),
            FileLine::Setting(key, None) => text.push_str(&format!("# {key}= is not known.\n")),
            FileLine::Text(own) => text.push_str(own),
            FileLine::Blank => text.push('\n'),
            FileLine::Unknown(option) => {
                text.push_str(&format!("# What {option} gives is not known, or not all of it.\n"));
            }
        }
    }
    text
}

/// A name that is one part of a path and nothing else, as systemd would take it too.
fn plain_name(name: &str) -> String {
    let is_plain = |letter: char| letter != '/' && letter != '\\' && !letter.is_control();
    let plain: String = name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    match plain.as_str() {
        "" | "." | ".." => format!("_{plain}"),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, lines: Vec<FileLine>) -> NetworkFile {
        NetworkFile { path: path.to_owned(), is_enabled: Fact::Absent, lines }
    }

    #[test]
    fn what_is_not_known_is_a_comment() {
        let setting = |key: &str, value: Option<&str>| FileLine::Setting(key.to_owned(), value.map(str::to_owned));
        let lines = vec![
            FileLine::Section("Match"),
            setting("Name", Some("vm5")),
            FileLine::Blank,
            FileLine::Section("Network"),
            setting("Address", None),
            FileLine::Unknown("routes".to_owned()),
        ];
        assert_eq!(
            text_of(&file("network/10-vm5.network", lines)),
            "[Match]\nName=vm5\n\n[Network]\n# Address= is not known.\n# What routes gives is not known, or not all of it.\n"
        );
    }

    #[test]
    fn a_name_stays_in_its_folder() {
        for (name, plain) in [("web", "web"), ("../x", ".._x"), ("..", "_.."), ("", "_"), ("a\nb", "a_b")] {
            assert_eq!(plain_name(name), plain);
        }
    }
}
