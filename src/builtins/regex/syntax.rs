//! The grammar of POSIX extended regular expressions as libstdc++ accepts it (`bits/regex_scanner.tcc`, `bits/regex_compiler.tcc`).

/// A set of bytes.
pub(super) type ByteSet = [bool; 256];

/// A parsed pattern.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Nothing.
    Empty,
    /// One of these bytes.
    Set(Box<ByteSet>),
    /// The beginning of the text.
    Start,
    /// The end of the text.
    End,
    /// A group that captures, numbered from 1.
    Group(Box<Node>, usize),
    /// One after the other.
    Concat(Vec<Node>),
    /// One of several.
    Either(Vec<Node>),
    /// Repeated, greedily; no maximum means any number.
    Repeat(Box<Node>, u32, Option<u32>),
}

/// Characters that mean something unless a backslash stands before them.
const SPECIAL: &[u8] = b".[\\()*+?{|^$";
/// Deepest nesting of groups.
const DEEPEST: u32 = 250;

pub(super) struct Parser<'a> {
    rest: &'a [u8],
    groups: usize,
    depth: u32,
}

type Parsed<T> = Result<T, &'static str>;

impl<'a> Parser<'a> {
    /// Parses a whole pattern; gives it and the number of its groups.
    pub(super) fn parse(source: &'a [u8]) -> Parsed<(Node, usize)> {
        let mut parser = Self { rest: source, groups: 0, depth: 0 };
        let node = parser.alternatives()?;
        if parser.rest.is_empty() {
            Ok((node, parser.groups))
        } else {
            Err("something unexpected, such as an unmatched `)`")
        }
    }

    fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn take_if(&mut self, byte: u8) -> bool {
        let is_there = self.rest.first() == Some(&byte);
        if is_there {
            self.take();
        }
        is_there
    }

    fn alternatives(&mut self) -> Parsed<Node> {
        let first = self.sequence()?;
        let mut all = vec![first];
        // A line feed separates alternatives only in the grep grammars, not here.
        while self.take_if(b'|') {
            all.push(self.sequence()?);
        }
        Ok(match all.len() {
            1 => all.pop().unwrap_or(Node::Empty),
            _ => Node::Either(all),
        })
    }

    fn sequence(&mut self) -> Parsed<Node> {
        let mut parts = Vec::new();
        while let Some(part) = self.term()? {
            parts.push(part);
        }
        Ok(match parts.len() {
            0 => Node::Empty,
            1 => parts.pop().unwrap_or(Node::Empty),
            _ => Node::Concat(parts),
        })
    }

    /// One assertion, or one atom with its repetitions.
    fn term(&mut self) -> Parsed<Option<Node>> {
        let Some(first) = self.rest.first().copied() else { return Ok(None) };
        let atom = match first {
            b'|' | b')' => return Ok(None),
            b'*' | b'+' | b'?' | b'{' => return Err("nothing stands before a repetition"),
            b'^' | b'$' => {
                self.take();
                return Ok(Some(if first == b'^' { Node::Start } else { Node::End }));
            }
            b'(' => self.group()?,
            b'[' => {
                self.take();
                Node::Set(self.bracket()?)
            }
            b'.' => {
                self.take();
                Node::Set(Box::new([true; 256]))
            }
            b'\\' => {
                self.take();
                match self.take() {
                    Some(escaped) if SPECIAL.contains(&escaped) => Node::Set(single(escaped)),
                    Some(_) => return Err("a backslash stands before a character that needs none"),
                    None => return Err("it ends in a backslash"),
                }
            }
            _ => {
                self.take();
                Node::Set(single(first))
            }
        };
        let mut node = atom;
        while let Some((least, most)) = self.repetition()? {
            node = Node::Repeat(Box::new(node), least, most);
        }
        Ok(Some(node))
    }

    fn group(&mut self) -> Parsed<Node> {
        self.take();
        self.groups += 1;
        let number = self.groups;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("groups are nested too deeply");
        }
        let inner = self.alternatives()?;
        self.depth -= 1;
        if self.take_if(b')') { Ok(Node::Group(Box::new(inner), number)) } else { Err("a `(` is not closed") }
    }

    fn repetition(&mut self) -> Parsed<Option<(u32, Option<u32>)>> {
        let bounds = match self.rest.first() {
            Some(b'*') => (0, None),
            Some(b'+') => (1, None),
            Some(b'?') => (0, Some(1)),
            Some(b'{') => {
                self.take();
                return self.counts().map(Some);
            }
            _ => return Ok(None),
        };
        self.take();
        Ok(Some(bounds))
    }

    fn counts(&mut self) -> Parsed<(u32, Option<u32>)> {
        const BAD: &str = "a repetition in braces must be {n}, {n,} or {n,m}";
        let least = self.count().ok_or(BAD)?;
        let most = if self.take_if(b',') { self.count() } else { Some(least) };
        if !self.take_if(b'}') || most.is_some_and(|most| most < least) {
            return Err(BAD);
        }
        Ok((least, most))
    }

    fn count(&mut self) -> Option<u32> {
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(self.rest.get(..digits)?).ok()?;
        let number = text.parse().ok()?;
        self.rest = self.rest.get(digits..)?;
        Some(number)
    }

    /// A bracket expression, after its `[`.
    fn bracket(&mut self) -> Parsed<Box<ByteSet>> {
        const OPEN: &str = "a `[` is not closed";
        let is_negated = self.take_if(b'^');
        let mut set: Box<ByteSet> = Box::new([false; 256]);
        // The last single character, which may begin a range.
        let mut last: Option<u8> = None;
        let mut is_first = true;
        loop {
            let byte = self.take().ok_or(OPEN)?;
            match byte {
                b']' if !is_first => break,
                b'-' if is_first => last = Some(byte),
                b'-' => {
                    if self.rest.first() == Some(&b']') {
                        add(&mut set, b'-');
                        continue;
                    }
                    let Some(from) = last.take() else { return Err("a `-` stands where no range can begin") };
                    let to = self.range_end()?;
                    if from > to {
                        return Err("a range in brackets runs backwards");
                    }
                    (from..=to).for_each(|byte| add(&mut set, byte));
                    is_first = false;
                    continue;
                }
                b'[' if matches!(self.rest.first(), Some(b':' | b'.' | b'=')) => {
                    match self.named()? {
                        Named::Set(named) => {
                            set.iter_mut().zip(named.iter()).for_each(|(own, other)| *own |= other);
                            last = None;
                        }
                        Named::Character(character) => last = Some(character),
                    }
                    if let Some(character) = last {
                        add(&mut set, character);
                    }
                    is_first = false;
                    continue;
                }
                _ => last = Some(byte),
            }
            is_first = false;
            add(&mut set, byte);
        }
        if is_negated {
            set.iter_mut().for_each(|member| *member = !*member);
        }
        Ok(set)
    }

    fn range_end(&mut self) -> Parsed<u8> {
        match self.take() {
            Some(b'[') if matches!(self.rest.first(), Some(b':' | b'.' | b'=')) => {
                Err("a range in brackets ends in a class")
            }
            Some(byte) => Ok(byte),
            None => Err("a `[` is not closed"),
        }
    }

    /// `:alpha:]`, `=a=]` or `.hyphen.]`.
    fn named(&mut self) -> Parsed<Named> {
        let kind = self.take().unwrap_or(b':');
        let length = self.rest.windows(2).position(|pair| pair == [kind, b']']).ok_or("a class is not closed")?;
        let name = self.rest.get(..length).unwrap_or_default();
        self.rest = self.rest.get(length + 2..).unwrap_or_default();
        match (kind, name) {
            (b':', _) => class(name).map(|test| {
                let mut set: ByteSet = [false; 256];
                (0..=u8::MAX).filter(test).for_each(|byte| add(&mut set, byte));
                Named::Set(Box::new(set))
            }),
            (b'=', [only]) => Some(Named::Set(single(*only))),
            (_, [only]) if only.is_ascii_alphanumeric() => Some(Named::Character(*only)),
            (_, b"hyphen") => Some(Named::Character(b'-')),
            (_, b"period") => Some(Named::Character(b'.')),
            (_, b"space") => Some(Named::Character(b' ')),
            (_, b"left-square-bracket") => Some(Named::Character(b'[')),
            (_, b"right-square-bracket") => Some(Named::Character(b']')),
            _ => None,
        }
        .ok_or("a class in brackets has no known name")
    }
}

enum Named {
    Set(Box<ByteSet>),
    Character(u8),
}

fn add(set: &mut ByteSet, byte: u8) {
    if let Some(place) = set.get_mut(usize::from(byte)) {
        *place = true;
    }
}

fn single(byte: u8) -> Box<ByteSet> {
    let mut set = Box::new([false; 256]);
    add(&mut set, byte);
    set
}

fn class(name: &[u8]) -> Option<fn(&u8) -> bool> {
    Some(match name {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" | b"d" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |byte| (b' '..=b'~').contains(byte),
        b"punct" => u8::is_ascii_punctuation,
        b"space" | b"s" => |byte| matches!(byte, b' ' | b'\t'..=b'\r'),
        b"upper" => u8::is_ascii_uppercase,
        b"w" => |byte| byte.is_ascii_alphanumeric() || *byte == b'_',
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return None,
    })
}

impl Node {
    /// Whether it can match nothing.
    pub(super) fn may_be_empty(&self) -> bool {
        match self {
            Self::Empty | Self::Start | Self::End => true,
            Self::Set(_) => false,
            Self::Group(inner, _) => inner.may_be_empty(),
            Self::Concat(parts) => parts.iter().all(Self::may_be_empty),
            Self::Either(parts) => parts.iter().any(Self::may_be_empty),
            Self::Repeat(inner, least, _) => *least == 0 || inner.may_be_empty(),
        }
    }

    /// Whether it has a group.
    pub(super) fn has_group(&self) -> bool {
        match self {
            Self::Empty | Self::Start | Self::End | Self::Set(_) => false,
            Self::Group(..) => true,
            Self::Concat(parts) | Self::Either(parts) => parts.iter().any(Self::has_group),
            Self::Repeat(inner, ..) => inner.has_group(),
        }
    }

    /// Whether some part of it satisfies `test`.
    pub(super) fn has(&self, test: &dyn Fn(&Self) -> bool) -> bool {
        test(self)
            || match self {
                Self::Empty | Self::Start | Self::End | Self::Set(_) => false,
                Self::Group(inner, _) | Self::Repeat(inner, ..) => inner.has(test),
                Self::Concat(parts) | Self::Either(parts) => parts.iter().any(|part| part.has(test)),
            }
    }

    /// How many states it takes with all counted repetitions written out.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Empty | Self::Start | Self::End | Self::Set(_) => 1,
            Self::Group(inner, _) => inner.size().saturating_add(2),
            Self::Concat(parts) | Self::Either(parts) => {
                parts.iter().fold(1, |sum: u64, part| sum.saturating_add(part.size()).saturating_add(1))
            }
            Self::Repeat(inner, least, most) => {
                let copies = u64::from(most.unwrap_or(*least).max(1));
                inner.size().saturating_add(1).saturating_mul(copies)
            }
        }
    }

    /// The pattern in the syntax of `regex-syntax`, for bytes.
    pub(super) fn translate(&self, out: &mut String) {
        match self {
            Self::Empty => out.push_str("(?:)"),
            Self::Start => out.push_str(r"\A"),
            Self::End => out.push_str(r"\z"),
            Self::Set(set) => translate_set(set, out),
            Self::Group(inner, _) => {
                out.push('(');
                inner.translate(out);
                out.push(')');
            }
            Self::Concat(parts) => parts.iter().for_each(|part| part.translate(out)),
            Self::Either(parts) => {
                out.push_str("(?:");
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        out.push('|');
                    }
                    part.translate(out);
                }
                out.push(')');
            }
            Self::Repeat(inner, least, most) => {
                out.push_str("(?:");
                inner.translate(out);
                let bounds = match (least, most) {
                    (0, None) => "*".to_owned(),
                    (1, None) => "+".to_owned(),
                    (0, Some(1)) => "?".to_owned(),
                    (least, None) => format!("{{{least},}}"),
                    (least, Some(most)) => format!("{{{least},{most}}}"),
                };
                out.push(')');
                out.push_str(&bounds);
            }
        }
    }
}

fn translate_set(set: &ByteSet, out: &mut String) {
    use std::fmt::Write as _;
    let members: Vec<usize> =
        set.iter().enumerate().filter(|(_, is_member)| **is_member).map(|(byte, _)| byte).collect();
    if let [only] = members.as_slice() {
        let _ = write!(out, r"\x{only:02X}");
        return;
    }
    if members.is_empty() {
        out.push_str(r"[^\x00-\xFF]");
        return;
    }
    out.push('[');
    for byte in members {
        let _ = write!(out, r"\x{byte:02X}");
    }
    out.push(']');
}
