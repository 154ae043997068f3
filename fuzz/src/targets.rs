//! What each target does with a text. Also part of `tests/fuzz_regressions.rs`, so nothing here knows the fuzzer.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use routelint::config::{self, Vocabulary};
use routelint::eval::{Evaluator, Limits, Outcome};
use routelint::flake::{FlakeOptions, Lock, flake_value};
use routelint::fleet::{Target, analyse, new_evaluator};
use routelint::heap::{Heap, Value, View};
use routelint::report::{
    Checked, Paths, RuleUrl, Shown, Style, checkstyle, concise, github, gitlab, human, json, junit, rdjson, sarif,
    show_json, show_table,
};
use routelint::rules::{self, Culprit, Settings, Severity, all, apply_allowances, check, identify, sort};
use routelint::source::{Access, FileId, Place, Sources};
use routelint::syntax::ir::{Expr, FileIr};
use routelint::syntax::{LowerOptions, parse};

/// A name, and what is done with a text.
type Named = (&'static str, fn(&str));

/// All targets by name.
pub const TARGETS: [Named; 7] = [
    ("syntax", syntax),
    ("evaluator", evaluator),
    ("regex", regex),
    ("modules", modules),
    ("lock", lock),
    ("configuration", configuration),
    ("fleet", fleet),
];

/// Names that are bound everywhere in a text of the target `syntax`.
const GLOBALS: [&str; 6] = ["builtins", "true", "false", "null", "map", "lib"];

/// What sends a text through rnix, because the direct reading refuses it: rnix takes the division for a path.
const NOT_DIRECT: &str = "assert 4/(2) == 2;";

/// Length to which some texts are repeated, to see that parsing takes no more than linear time.
const REPEATED_BYTES: usize = 100_000;

/// Parsing gives places inside the text, errors in their order, and the same tree by the direct reading and by rnix's. Repeated many
/// times, the text does not take longer than its length allows; the fuzzer's timeout is the judge of that.
pub fn syntax(text: &str) {
    let options = LowerOptions { globals: &GLOBALS, frame: &[] };
    let ir = parse(text, &options);
    check_places(text, &ir);
    if ir.errors.is_empty() {
        let other = format!("{NOT_DIRECT}{text}");
        let by_rnix = parse(&other, &options);
        // rnix rejects a little of what Nix accepts, such as `-!true`.
        if by_rnix.errors.is_empty() {
            assert_eq!(shape(&ir, 0), shape(&by_rnix, NOT_DIRECT.len()), "two readings of one text");
        }
    }
    // Only some texts, because it takes a hundred times as long.
    let sum: usize = text.bytes().map(usize::from).sum();
    if sum.is_multiple_of(16) && (1..=64).contains(&text.len()) {
        let long = text.repeat(REPEATED_BYTES / text.len());
        check_places(&long, &parse(&long, &options));
    }
}

fn check_places(text: &str, ir: &FileIr) {
    assert_eq!(ir.exprs.len(), ir.spans.len());
    let related = ir.errors.iter().filter_map(|error| Some(&error.related.as_ref()?.0));
    let errors = ir.errors.iter().map(|error| &error.span);
    let directives = ir.directives.iter().map(|directive| &directive.span);
    for span in ir.spans.iter().chain(errors).chain(related).chain(directives) {
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?} is outside the text");
    }
    assert!(ir.errors.is_sorted_by_key(|error| error.span.start));
    if let Some(root) = ir.root {
        assert!((root.0 as usize) < ir.exprs.len());
    }
}

/// The expressions from an offset on: where each stands and what it is, apart from numbers that depend on what stands before.
fn shape(ir: &FileIr, from: usize) -> Vec<(usize, usize, String)> {
    let string = |index: u32| ir.strings.get(index as usize).map(|text| text.to_string()).unwrap_or_default();
    let symbol = |index: u32| ir.symbols.get(index as usize).map(|text| text.to_string()).unwrap_or_default();
    let mut found = Vec::new();
    for (expr, span) in ir.exprs.iter().zip(&ir.spans) {
        let (start, end) = (span.start as usize, span.end as usize);
        if start < from || start == end {
            continue;
        }
        let what = match *expr {
            Expr::Int(number) => number.to_string(),
            Expr::Float(number) => format!("{number:?}"),
            Expr::Str(text) => format!("string {:?}", string(text)),
            Expr::Path(text) => format!("path {:?}", string(text)),
            Expr::HomePath(text) => format!("home path {:?}", string(text)),
            Expr::SearchPath(text) => format!("search path {:?}", string(text)),
            Expr::Local { level, variable } => format!("local {level} {variable}"),
            Expr::Global(name) => format!("global {}", symbol(name.0)),
            Expr::WithVar { name, start, len } => {
                let levels = ir.levels.get(start as usize..start as usize + usize::from(len));
                format!("with {} {levels:?}", symbol(name.0))
            }
            Expr::Undefined(name) => format!("undefined {}", symbol(name.0)),
            Expr::Select { default, .. } => format!("select {}", default.is_some()),
            Expr::HasAttr { .. } => "has attribute".to_owned(),
            Expr::Apply { len, .. } => format!("apply {len}"),
            Expr::Lambda(number) => {
                let lambda = ir.lambdas.get(number as usize);
                let lambda = lambda.map(|lambda| (lambda.has_formals, lambda.ellipsis, lambda.formals.len));
                format!("lambda {lambda:?}")
            }
            Expr::Let { .. } => "let".to_owned(),
            Expr::Attrs(number) => {
                let set = ir.bindings.get(number as usize);
                let set = set.map(|set| (set.recursive, set.pushes_frame, set.entries.len, set.dynamics.len));
                format!("set {set:?}")
            }
            Expr::With { .. } => "with".to_owned(),
            Expr::If { .. } => "if".to_owned(),
            Expr::Assert { .. } => "assert".to_owned(),
            Expr::List(items) => format!("list {}", items.len),
            Expr::Binary { op, .. } => format!("{op:?}"),
            Expr::Not(_) => "not".to_owned(),
            Expr::Negate(_) => "negate".to_owned(),
            Expr::Interpolation(pieces) => format!("interpolation {}", pieces.len),
            Expr::PathInterpolation(pieces) => format!("path interpolation {}", pieces.len),
            Expr::CurPos => "position".to_owned(),
            Expr::Binder(name) => format!("binder {}", symbol(name.0)),
            Expr::Missing => "missing".to_owned(),
        };
        found.push((start - from, end - from, what));
    }
    found.sort();
    found
}

/// Small limits: enough for what a text of a few hundred bytes says, and reached in a fraction of a second.
fn small_limits() -> Limits {
    Limits { steps: 300_000, depth: 2_000, heap_bytes: 64 << 20, string_bytes: 1 << 20, list_elements: 50_000 }
}

/// An evaluator that knows everything and may read nothing.
fn closed_evaluator() -> Evaluator {
    new_evaluator(&Arc::new(Sources::new(Access::below(Vec::new()))), small_limits())
}

/// Runs something that recurses on a stack as large as the program's.
fn on_deep_stack(run: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(1 << 30).spawn_scoped(scope, run);
        if let Err(panic) = thread.expect("a thread").join() {
            std::panic::resume_unwind(panic);
        }
    });
}

fn text_of(ev: &mut Evaluator, text: &str, scope: &[(&str, Value)]) -> Outcome {
    ev.eval_text_with("fuzz", text, Path::new("/fuzz"), scope)
}

/// A value is evaluated to its depth and printed in every way; JSON of it is JSON.
fn look_at(ev: &mut Evaluator, outcome: Outcome) {
    let value = match outcome {
        Ok(value) => value,
        Err(stop) => {
            ev.describe_stop(stop);
            return;
        }
    };
    ev.print(value);
    match ev.force_deep(value) {
        Ok(value) => drop(ev.print(value)),
        Err(stop) => drop(ev.describe_stop(stop)),
    }
    match routelint::builtins::json_text(ev, value) {
        Ok(json) => assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "no JSON: {json}"),
        Err(stop) => drop(ev.describe_stop(stop)),
    }
}

/// A text is evaluated strictly and printed; if it has syntax errors, then as far as it was recovered.
pub fn evaluator(text: &str) {
    on_deep_stack(|| {
        let mut ev = closed_evaluator();
        let ir = ev.parse(text, &[]);
        if ir.errors.is_empty() {
            let outcome = text_of(&mut ev, text, &[]);
            look_at(&mut ev, outcome);
        } else if ir.root.is_some() {
            let file = ev.sources.add_text("fuzz", text);
            let root = ev.link(&ir, &file, Path::new("/fuzz"));
            let value = ev.eval(root, Heap::ROOT);
            look_at(&mut ev, Ok(value));
        }
    });
}

/// What a pattern `p` and a text `t` have to do with each other, whatever they are; `false` is a contradiction, an error says nothing.
///
/// A pattern in parentheses finds what it finds alone. Beside `(()*)`, which asks for the backtracking engine, it finds the same as on
/// automata. What was found and what was not are together the whole text.
const REGEX_LAWS: [&str; 6] = [
    "match p t == (if match g t == null then null else tail (match g t))",
    "match g t == null || head (match g t) == t",
    r#"match "${g}(()*)" t == (if match g t == null then null else match g t ++ [ "" "" ])"#,
    "split p t == map (found: if isList found then tail found else found) (split g t)",
    r#"split "${g}(()*)" t == map (found: if isList found then found ++ [ "" "" ] else found) (split g t)"#,
    r#"concatStringsSep "" (map (found: if isList found then head found else found) (split g t)) == t"#,
];

/// A pattern, a line end, and a text: the laws of [`REGEX_LAWS`] hold if the pattern is valid.
pub fn regex(input: &str) {
    let (pattern, text) = input.split_once('\n').unwrap_or((input, ""));
    let head = format!("with builtins; let p = {}; t = {}; g = \"(${{p}})\"; in ", quoted(pattern), quoted(text));
    on_deep_stack(|| {
        let mut ev = closed_evaluator();
        // Parentheses can make a valid pattern of an invalid one: `a)(b`.
        if text_of(&mut ev, &format!("{head} match p t"), &[]).is_err() {
            return;
        }
        for law in REGEX_LAWS {
            let answer = text_of(&mut ev, &format!("{head}{law}"), &[]);
            assert!(!answer.is_ok_and(|answer| matches!(answer.view(), View::Bool(false))), "{head}{law}");
        }
    });
}

fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' | '$' => literal.extend(['\\', character]),
            '\r' => literal.push_str("\\r"),
            _ => literal.push(character),
        }
    }
    literal.push('"');
    literal
}

/// Options of many types, so that a fuzzed module finds something to define.
const BASE_MODULE: &str = r#"
{ lib, ... }: with lib; {
  options = {
    a = mkOption { type = types.int; default = 1; };
    b = mkOption { type = types.str; default = "b"; };
    c = mkOption { type = types.listOf types.str; default = [ ]; };
    d = mkOption { type = types.attrsOf (types.submodule { options.x = mkOption { type = types.port; default = 1; }; }); default = { }; };
    e = mkOption { type = types.nullOr (types.enum [ "x" "y" ]); default = null; };
    f = mkEnableOption "f";
    g = mkOption { type = types.lines; default = ""; };
    h = mkOption { type = types.lazyAttrsOf (types.either types.int types.bool); default = { }; };
    i = mkOption { type = types.functionTo types.int; default = _: 1; };
  };
}
"#;

/// Modules, separated by lines of `---`, go through `lib.evalModules`; everything that comes out is looked at.
pub fn modules(text: &str) {
    on_deep_stack(|| {
        let mut ev = closed_evaluator();
        let base = text_of(&mut ev, BASE_MODULE, &[]);
        let parts = text.split("\n---\n").take(8).map(|part| text_of(&mut ev, part, &[]).ok());
        let parts: Vec<Value> = std::iter::once(base.ok()).chain(parts).flatten().collect();
        let parts = ev.heap.new_list(&parts);
        let scope = [("parts", parts)];
        let evaluated = text_of(&mut ev, "lib.evalModules { modules = parts; }", &scope);
        let Ok(evaluated) = evaluated else { return };
        for read in [
            "evaluated.config",
            "map (name: evaluated.config.${name}) (builtins.attrNames evaluated.config)",
            "lib.optionAttrSetToDocList evaluated.options",
            "lib.mapAttrs (name: option: option.definitionsWithLocations or null) evaluated.options",
            "(evaluated.extendModules { modules = [ { a = lib.mkForce 3; } ]; }).config.a",
        ] {
            let outcome = text_of(&mut ev, read, &[("evaluated", evaluated)]);
            look_at(&mut ev, outcome);
        }
    });
}

/// Files of the project around a fuzzed `flake.lock`.
const LOCKED_PROJECT: [(&str, &str); 3] = [
    (
        "flake.nix",
        r#"{ inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.05"; inputs.sub.url = "path:./sub";
  inputs.parts.url = "github:hercules-ci/flake-parts"; inputs.secret.flake = false;
  outputs = inputs@{ self, nixpkgs, a, b, ... }: { all = builtins.mapAttrs (name: input: [ input.outPath or null input.value or null ]) (removeAttrs inputs [ "self" ]); }; }"#,
    ),
    (
        "sub/flake.nix",
        r#"{ inputs.deep.url = "path:../deep"; outputs = { self, deep, ... }: { value = deep.value or 1; }; }"#,
    ),
    ("deep/flake.nix", r#"{ outputs = { self, sub, ... }: { value = sub.value or 2; }; }"#),
];

/// A lock file is read, every input of it is resolved, and a flake with it is evaluated. Nothing outside the project is read.
pub fn lock(text: &str) {
    if let Ok(lock) = Lock::parse(text) {
        for (name, node) in &lock.nodes {
            for input in node.inputs.keys() {
                let _ = lock.resolve(name, input);
            }
        }
    }
    let folder = Path::new("/routelint-fuzz");
    let mut access = Access::below(Vec::new());
    for (name, content) in LOCKED_PROJECT {
        access.overlay.insert(folder.join(name), content.to_owned());
    }
    access.overlay.insert(folder.join("flake.lock"), text.to_owned());
    let sources = Arc::new(Sources::new(access));
    on_deep_stack(|| {
        let mut ev = new_evaluator(&sources, small_limits());
        let _ = routelint::flake::release_of(&ev, folder);
        let flake = flake_value(&mut ev, folder, &FlakeOptions::default());
        let outcome = flake.and_then(|flake| text_of(&mut ev, "flake.all", &[("flake", flake)]));
        look_at(&mut ev, outcome);
    });
    assert_inside(&sources, folder);
}

/// No file outside a folder was read.
fn assert_inside(sources: &Sources, folder: &Path) {
    for file in (0..).map_while(|number| sources.file(FileId(number))).filter(|file| file.on_disk) {
        assert!(file.path.starts_with(folder), "{} was read", file.path.display());
    }
}

/// What a configuration may say of rules.
fn vocabulary() -> Vocabulary {
    Vocabulary { rules: rules::all().iter().map(|rule| rule.name).collect(), groups: rules::group_names() }
}

/// The text of a `routelint.toml` is read: either there are mistakes, in places of the text, or settings whose paths stay in the project.
pub fn configuration(text: &str) {
    let folder = Path::new("/routelint-fuzz");
    let is_inside = |place: Place| text.get(place.span.start as usize..place.span.end as usize).is_some();
    match config::read(text, FileId(0), folder, &vocabulary()) {
        Ok(settings) => {
            let hosts = settings.hosts.iter().map(|host| &host.source);
            for machine in hosts.chain(settings.guests.iter().map(|guest| &guest.source)) {
                for path in machine.modules.iter().chain(&machine.file).chain(&machine.flake) {
                    assert!(is_inside(path.place), "{path:?} is outside the text");
                    assert!(path.value.starts_with(folder), "{path:?} leaves the project");
                    assert!(!path.value.iter().any(|part| part == ".."), "{path:?} leaves the project");
                }
            }
            let patterns = settings.overrides.iter().map(|change| &change.paths).chain([&settings.exclude]);
            for pattern in patterns {
                for path in ["host.nix", "guests/web.nix", "a/b/c/d/e/f/g/templates/new.nix", ""] {
                    pattern.matches(Path::new(path));
                }
            }
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty(), "refused without a reason");
            for mistake in mistakes {
                assert!(is_inside(mistake.place), "{mistake:?} is outside the text");
            }
        }
    }
}

/// Names that files of a fuzzed project may have.
const PROJECT_FILES: [&str; 9] = [
    "routelint.toml",
    "host.nix",
    "guest.nix",
    "guests/web.nix",
    "guests/db.nix",
    "common.nix",
    "data.json",
    "flake.nix",
    "flake.lock",
];

/// Number of the next project folder of this process.
static NEXT_PROJECT: AtomicU32 = AtomicU32::new(0);

/// A whole project, each file after a line `==> NAME`, goes through discovery, facts, rules and every report. Nothing outside is read,
/// findings stand in files of the project, and a second run says the same.
pub fn fleet(text: &str) {
    let number = NEXT_PROJECT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("routelint-fuzz-{}-{number}", std::process::id()));
    write_project(&folder, text);
    let reports = reports_of(&folder);
    // Only some texts, because it takes twice as long.
    let sum: usize = text.bytes().map(usize::from).sum();
    if sum.is_multiple_of(8) {
        assert_eq!(reports, reports_of(&folder), "two runs");
    }
    let _ = std::fs::remove_dir_all(&folder);
}

/// All reports about the fleet in a folder; none if there is no fleet.
fn reports_of(folder: &Path) -> Vec<String> {
    let sources = Arc::new(Sources::new(Access::below(Vec::new())));
    let root = sources.canonical(folder);
    let file = root.join(config::FILE_NAME);
    let configured = if sources.is_present(&file) {
        config::load(&sources, &file, &vocabulary())
    } else {
        Ok(config::Settings::default())
    };
    let Ok(configured) = configured else { return Vec::new() };
    let target = Target { paths: vec![root.clone()], settings: Arc::new(configured), ..Target::default() };
    let analysis = analyse(&sources, &target);
    assert_inside(&sources, &root);
    let Ok(analysis) = analysis else { return Vec::new() };
    let line = |place| sources.line_columns(place).0.line;
    let settings = Settings::default();
    let paths = Paths::relative_to(root.clone());
    let mut judged = apply_allowances(check(&analysis.fleet, &settings), &analysis.directives, line, &settings);
    sort(&mut judged.findings, |file| paths.of(&sources, file));
    identify(&mut judged.findings, |place| Culprit { path: paths.of(&sources, place.file), text: sources.text(place) });
    for finding in &judged.findings {
        let edits = finding.fixes.iter().flat_map(|fix| &fix.edits).map(|edit| edit.place);
        for place in finding.labels.iter().map(|label| label.place).chain(edits) {
            let file = sources.file(place.file).expect("a label stands in a file");
            assert!(file.path.starts_with(&root), "{finding:?} stands outside the project");
            let inside = file.text.get(place.span.start as usize..place.span.end as usize);
            assert!(inside.is_some(), "{finding:?} stands outside its file");
        }
    }
    render(&Checked {
        fleet: &analysis.fleet,
        findings: &judged.findings,
        suppressed: judged.suppressed,
        baselined: None,
        rules: &all().iter().collect::<Vec<_>>(),
        threshold: Severity::Warning,
        rule_url: &RuleUrl::default(),
        sources: &sources,
        paths: &paths,
    })
}

/// Every report is written; those for programs are well-formed.
fn render(checked: &Checked<'_>) -> Vec<String> {
    let shown = Shown { fleet: checked.fleet, sources: checked.sources, paths: checked.paths };
    let for_programs = [
        json::render(checked),
        sarif::render(checked),
        gitlab::render(checked),
        rdjson::render(checked),
        show_json::render(&shown),
    ];
    let for_programs = for_programs.map(|text| text.expect("reports are written"));
    for text in &for_programs {
        assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "no JSON: {text}");
    }
    let narrow = Style { colour: true, unicode: false, width: 20 };
    let mut reports = vec![
        human::render(checked, Style::PLAIN),
        human::render(checked, narrow),
        concise::render(checked),
        github::render(checked),
        junit::render(checked).expect("reports are written"),
        checkstyle::render(checked).expect("reports are written"),
        show_table::render(&shown, Style::PLAIN),
    ];
    reports.extend(for_programs);
    reports
}

fn write_project(folder: &Path, text: &str) {
    std::fs::create_dir_all(folder.join("guests")).expect("a folder for temporary files");
    let mut written = BTreeSet::new();
    let (mut name, mut content) = ("host.nix", String::new());
    let mut write = |name: &'static str, content: &str| {
        if written.insert(name) && !content.is_empty() {
            std::fs::write(folder.join(name), content).expect("a temporary file");
        }
    };
    for line in text.split_inclusive('\n') {
        let next = line.strip_prefix("==> ").map(str::trim_end);
        match next.and_then(|next| PROJECT_FILES.iter().find(|known| **known == next)) {
            Some(next) => {
                write(name, &content);
                (name, content) = (*next, String::new());
            }
            None => content.push_str(line),
        }
    }
    write(name, &content);
}
