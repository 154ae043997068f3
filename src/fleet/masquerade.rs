//! Masquerading that is written as text for iptables or nftables, as far as it is plain.
//!
//! Read are single rules that say from which prefix and out of which interface (iptables-extensions(8), nft(8)). Anything else that may translate
//! sources makes the whole text unknown.

use ipnet::IpNet;

use super::facts::parse_prefix;

/// One rule that masquerades.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Masquerade {
    /// From which prefix; any if `None`.
    pub source: Option<IpNet>,
    /// Out of which interface; any if `None`.
    pub output: Option<String>,
}

/// The rules of a text that masquerade; `None` if it translates sources, or may, in a way that is not plain.
pub(super) fn rules_of(text: &str) -> Option<Vec<Masquerade>> {
    let mut rules = Vec::new();
    let has_sets = text.lines().any(holds_a_set) && (text.contains("masquerade") || text.contains("snat"));
    if has_sets {
        return None;
    }
    let joined = text.replace("\\\n", " ");
    for line in joined.lines().map(without_comment) {
        if is_opaque(line) {
            return None;
        }
        let is_iptables = line.split_whitespace().any(|word| program(word).is_some());
        let statements: Vec<&str> =
            if is_iptables { line.split(';').collect() } else { line.split([';', '{', '}']).collect() };
        for statement in statements {
            let words: Vec<&str> = statement.split_whitespace().map(|word| word.trim_matches('"')).collect();
            match words.iter().position(|word| program(word).is_some()) {
                Some(start) => rules.extend(iptables(words.get(start..).unwrap_or_default())?),
                None => rules.extend(nftables(&words)?),
            }
        }
    }
    Some(rules)
}

/// Whether a text for nft has a statement that translates sources (nft(8), "NAT statements"), or takes it from another file.
pub(super) fn names_translation(text: &str) -> bool {
    ["masquerade", "snat", "include"].into_iter().any(|word| text.contains(word))
}

/// A line without its comment. A `#` inside quotes or a word begins none.
fn without_comment(line: &str) -> &str {
    let mut is_quoted = false;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        match letter {
            '"' | '\'' => is_quoted = !is_quoted,
            '#' if !is_quoted && before.is_whitespace() => return line.get(..at).unwrap_or(line),
            _ => {}
        }
        before = letter;
    }
    line
}

/// Whether a line takes rules from elsewhere: what a shell puts together, another file, a whole table that is read in.
fn is_opaque(line: &str) -> bool {
    let words = [
        "iptables-restore",
        "ip6tables-restore",
        "include",
        "source",
        "nft",
        "eval",
        "for",
        "while",
        "jump",
        "goto",
        "-g",
        "map",
    ];
    line.contains(['$', '`', '@']) || line.split_whitespace().any(|word| words.contains(&program_name(word)))
}

/// Whether a line has braces that belong to a rule of nftables, not to a table or chain.
fn holds_a_set(line: &str) -> bool {
    let mut before = line.split('{');
    before.next_back();
    before.any(|part| {
        let statement = part.rsplit([';', '}']).next().unwrap_or(part);
        !matches!(statement.split_whitespace().next(), Some("table" | "chain"))
    })
}

fn program_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// The word as the name of a program that takes one rule of iptables.
fn program(word: &str) -> Option<&str> {
    Some(program_name(word)).filter(|name| matches!(*name, "iptables" | "ip6tables" | "ip46tables"))
}

/// A call of iptables: nothing if it does not translate sources, or takes such a rule away.
fn iptables(words: &[&str]) -> Option<Option<Masquerade>> {
    let is_said = |word: &str| words.contains(&word);
    let value = |names: [&str; 2]| {
        let at = words.iter().position(|word| names.contains(word))?;
        words.get(at + 1).copied()
    };
    let translates = is_said("nat") || is_said("MASQUERADE") || is_said("SNAT") || is_said("NETMAP");
    if !translates || ["-D", "--delete", "-F", "--flush", "-X", "-N"].into_iter().any(is_said) || is_said("DNAT") {
        return Some(None);
    }
    let known = [
        "-t",
        "--table",
        "-A",
        "--append",
        "-I",
        "--insert",
        "-s",
        "--source",
        "-o",
        "--out-interface",
        "-j",
        "--jump",
        "-w",
        "--wait",
    ];
    let mut rest = words.get(1..).unwrap_or_default();
    while let Some((word, after)) = rest.split_first() {
        if !known.contains(word) {
            return None;
        }
        let takes = usize::from(!matches!(*word, "-w" | "--wait"));
        rest = after.get(takes..)?;
        // `-I POSTROUTING 1`
        if let Some((number, after)) = rest.split_first()
            && matches!(*word, "-I" | "--insert")
            && number.parse::<u32>().is_ok()
        {
            rest = after;
        }
    }
    let chain = value(["-A", "--append"]).or_else(|| value(["-I", "--insert"]))?;
    let is_plain = value(["-t", "--table"]) == Some("nat")
        && chain.to_ascii_lowercase().contains("post")
        && value(["-j", "--jump"]) == Some("MASQUERADE");
    if !is_plain {
        return None;
    }
    let source = match value(["-s", "--source"]) {
        Some(text) => Some(parse_prefix(text)?),
        None => None,
    };
    Some(Some(Masquerade { source, output: value(["-o", "--out-interface"]).map(str::to_owned) }))
}

/// A statement of nftables, likewise.
fn nftables(words: &[&str]) -> Option<Option<Masquerade>> {
    if words.contains(&"snat") {
        return None;
    }
    let Some(end) = words.iter().position(|word| *word == "masquerade") else { return Some(None) };
    let mut rule = Masquerade::default();
    let mut rest = words.get(..end).unwrap_or_default();
    while let Some((word, after)) = rest.split_first() {
        let taken = match (*word, after) {
            ("ip" | "ip6", ["saddr", text, ..]) => {
                rule.source = Some(parse_prefix(text)?);
                2
            }
            ("oifname" | "oif", [name, ..]) if !matches!(*name, "!=" | "==") => {
                rule.output = Some((*name).to_owned());
                1
            }
            ("meta", ["oifname" | "oif", ..]) | ("counter", _) => 0,
            _ => return None,
        };
        rest = after.get(taken..)?;
    }
    (words.len() == end + 1).then_some(Some(rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let Some(rules) = rules_of(text) else { return "unknown".to_owned() };
        let any = || "any".to_owned();
        let words = rules.into_iter().map(|rule| {
            let source = rule.source.map_or_else(any, |net| net.to_string());
            format!("{source} out of {}", rule.output.unwrap_or_else(any))
        });
        words.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn plain_rules_are_read_and_all_else_is_unknown() {
        for (text, expected) in [
            ("", ""),
            ("iptables -A FORWARD -i vm1 -j DROP\n", ""),
            ("iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.0.0.2\n", ""),
            ("iptables -t nat -A POSTROUTING -s 10.0.0.0/24 -o eth0 -j MASQUERADE", "10.0.0.0/24 out of eth0"),
            ("# masquerade\n/bin/ip6tables -w -t nat -I POSTROUTING 1 -o wan \\\n -j MASQUERADE", "any out of wan"),
            ("iptables -t nat -D POSTROUTING -o wan -j MASQUERADE || true", ""),
            ("iptables -t nat -A POSTROUTING ! -d 10.0.0.0/8 -j MASQUERADE", "unknown"),
            ("iptables -t nat -A POSTROUTING -o wan -j SNAT --to-source 192.0.2.1", "unknown"),
            ("for n in 1 2; do iptables -t nat -A POSTROUTING -j MASQUERADE; done", "unknown"),
            ("iptables -t nat -A POSTROUTING -s $net -j MASQUERADE", "unknown"),
            (
                "table ip nat {\n chain post {\n type nat hook postrouting priority srcnat; policy accept;\n ip saddr 10.0.0.0/24 oifname \"eth0\" counter masquerade\n }\n}",
                "10.0.0.0/24 out of eth0",
            ),
            ("chain post { oifname \"wan\" masquerade; }", "any out of wan"),
            ("oifname != \"lo\" masquerade", "unknown"),
            ("ip saddr 10.0.0.0/24 snat to 192.0.2.1", "unknown"),
            ("oifname { \"a\", \"b\" } masquerade", "unknown"),
            ("include \"/etc/nat.nft\"", "unknown"),
            ("chain forward { type filter hook forward priority 0; iifname \"vm*\" drop; }", ""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn only_some_statements_of_nft_translate() {
        let table = "set taps { type ifname; elements = { \"vm5\" } }\nchain forward { iifname @taps oifname vmap { \"vm6\" : drop } }";
        assert!(!names_translation(table));
        for text in ["oifname wan masquerade", "snat ip to 192.0.2.1", "include \"/etc/nat.nft\""] {
            assert!(names_translation(text), "{text}");
        }
    }
}
