//! What users see of evaluations, open and closed.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::eval::{Limits, Stop};
use crate::heap::{Value, View};
use crate::source::{Access, Sources};
use crate::syntax::ExprId;

fn evaluator() -> Evaluator {
    let sources = Arc::new(Sources::new(Access::below(Vec::new())));
    // Threads of tests have small stacks.
    let mut ev = Evaluator::new(sources, Limits { depth: 200, ..Limits::untrusted() });
    crate::builtins::install(&mut ev);
    crate::nixlib::install(&mut ev);
    install(&mut ev);
    ev
}

fn shown(ev: &mut Evaluator, outcome: Result<Value, Stop>) -> String {
    let json = ev.native("builtins.toJSON");
    let text = outcome.and_then(|value| ev.call(json, &[value])).and_then(|value| ev.want_text(value));
    match text {
        Ok(text) => text,
        Err(Stop(value)) => match value.view() {
            View::Error(id) => ev.error_info(id).map(|info| info.message.clone()).unwrap_or_default(),
            View::Unknown(id) => {
                format!("unknown: {}", ev.unknown_info(id).map(|info| info.reason.words()).unwrap_or_default())
            }
            _ => String::new(),
        },
    }
}

fn eval(ev: &mut Evaluator, text: &str) -> Result<Value, Stop> {
    let lib = crate::nixlib::lib_value(ev);
    let unknown = ev.unsupported("this").0;
    let names = [("lib", lib), ("unknown", unknown)];
    ev.eval_text_with("test", &format!("with lib; with lib.types; {text}"), Path::new("/"), &names)
}

/// Each case: modules, what is read of the result, the JSON or a part of the error.
fn agree(cases: &[(&str, &str, &str)]) {
    for (modules, query, expected) in cases {
        let mut ev = evaluator();
        let text =
            format!("let r = evalModules {{ modules = [ {modules} ]; }}; inherit (r) config options; in {query}");
        let outcome = eval(&mut ev, &text);
        let got = shown(&mut ev, outcome);
        assert!(got == *expected || (expected.len() > 12 && got.contains(expected)), "{modules}\n{query}\n{got}");
    }
}

#[test]
fn definitions_meet_declarations() {
    agree(&[
        ("{ options.a.b = mkOption { type = int; }; } { a.b = 1; }", "config", r#"{"a":{"b":1}}"#),
        ("{ options.a = mkOption { default = 3; }; }", "config.a", "3"),
        ("{ options.a = mkOption { type = int; }; }", "config.a", "`a' was accessed but has no value defined"),
        (
            "{ options.a = mkOption { type = int; }; } { a = \"x\"; }",
            "config.a",
            "option `a' is not of type `signed integer'",
        ),
        (
            "{ options.mac = mkOption { }; } { mca = 1; }",
            "config.mac",
            "The option `mca' does not exist. Definition values:\n- In `<unknown-file>': 1\n\nDid you mean `mac'?",
        ),
        (
            "{ options.a.b = mkOption { }; } { a = 5; }",
            "config.a.b",
            "define a value of type an integer: 5 rather than an attribute set for the option `a'",
        ),
        ("{ options.a = mkOption { }; options.b = 5; }", "config.b", "An option declaration for `b' is an integer: 5"),
        (
            "{ options.a = mkOption { type = enum [ 1 ]; }; } { options.a = mkOption { type = enum [ 2 ]; }; config.a = 2; }",
            "config.a",
            "2",
        ),
        (
            "{ options.a = mkOption { type = int; }; } { options.a = mkOption { type = str; }; }",
            "config.a",
            "already declared in `<unknown-file>'",
        ),
        (
            "{ options.a = mkOption { readOnly = true; default = 1; }; } { a = 2; }",
            "config.a",
            "is read-only, but it's set multiple times",
        ),
        ("{ options.a = mkOption { apply = x: x * 2; }; a = 4; }", "config.a", "has an unsupported attribute `a'"),
        ("{ options.a = mkOption { apply = x: x * 2; }; config.a = 4; }", "config.a", "8"),
    ]);
}

#[test]
fn properties_choose_and_order() {
    let list = "{ options.l = mkOption { type = listOf int; }; options.on = mkOption { default = false; }; }";
    let int = "{ options.n = mkOption { type = int; default = 0; }; }";
    let cases = [
        (list, "{ l = [ 1 ]; } { l = mkBefore [ 2 ]; } { l = mkAfter [ 3 ]; }", "config.l", "[2,1,3]"),
        (list, "{ l = [ 1 ]; } { l = mkMerge [ [ 2 ] (mkIf false [ 3 ]) (mkIf true [ 4 ]) ]; }", "config.l", "[2,4,1]"),
        (list, "({ config, ... }: { config = mkIf (!config.on) { l = [ 7 ]; }; })", "config.l", "[7]"),
        (list, "{ config = mkForce { l = [ 1 ]; }; } { l = [ 2 ]; }", "config.l", "[1]"),
        (list, "{ l = mkIf null [ 2 ]; }", "config.l", "called with a non-Boolean condition"),
        (int, "{ n = mkDefault 1; } { n = 2; }", "config.n", "2"),
        (int, "{ n = 1; } { n = 2; }", "config.n", "conflicting definition values"),
        (int, "{ n = mkForce (mkIf true 1); }", "config.n", "is not of type"),
        (int, "{ n = mkDefault 1; }", "options.n.highestPrio", "1000"),
        (int, "{ n = mkVMOverride 1; } { n = 2; }", "options.n.definitions", "[1]"),
        (int, "{ n = 1; }", "options.n.isDefined && options.n.loc == [ \"n\" ]", "true"),
    ];
    for (declared, modules, query, expected) in cases {
        agree(&[(&format!("{declared} {modules}"), query, expected)]);
    }
}

#[test]
fn modules_are_found_once_and_in_order() {
    let l = "{ options.l = mkOption { type = listOf str; }; }";
    let cases = [
        (
            "{ imports = [ { l = [ \"c\" ]; } { l = [ \"d\" ]; } ]; l = [ \"b\" ]; } { l = [ \"e\" ]; }",
            r#"["d","c","e","b"]"#,
        ),
        ("{ imports = [ { key = \"k\"; l = [ \"1\" ]; } { key = \"k\"; l = [ \"2\" ]; } ]; }", r#"["1"]"#),
        (
            "{ imports = [ { key = \"k\"; l = [ \"1\" ]; } ]; l = [ \"0\" ]; } { disabledModules = [ { key = \"k\"; } ]; }",
            r#"["0"]"#,
        ),
        ("{ imports = [ [ ] ]; }", "can't be nested lists"),
        ("{ imports = [ (mkMerge [ ]) ]; }", "Expected a module, but found a value of type \"merge\""),
        ("({ config, ... }: { imports = if config.l == [ ] then [ ] else [ ]; })", "infinite recursion encountered"),
        ("({ config, ... }: { config = if config.l == [ ] then { } else { }; })", "infinite recursion encountered"),
        ("({ flavour, ... }: { l = [ flavour ]; }) { _module.args.flavour = \"x\"; }", r#"["x"]"#),
        ("({ flavour, ... }: { l = [ flavour ]; })", "attribute 'flavour' missing"),
        ("{ l = [ \"1\" ]; _file = 5; }", r#"["1"]"#),
    ];
    for (modules, expected) in cases {
        agree(&[(&format!("{l} {modules}"), "config.l", expected)]);
    }
}

#[test]
fn freeform_and_submodules() {
    agree(&[
        (
            "{ freeformType = attrsOf int; options.a = mkOption { default = 1; }; } { config.b = 2; }",
            "config",
            r#"{"a":1,"b":2}"#,
        ),
        (
            "{ options.s = mkOption { type = attrsOf (submodule ({ name, ... }: { options.id = mkOption { default = name; }; })); }; } { s.x = { }; s.y.id = \"z\"; }",
            "config.s",
            r#"{"x":{"id":"x"},"y":{"id":"z"}}"#,
        ),
        (
            "{ options.s = mkOption { type = submodule { options.a = mkOption { type = int; }; }; }; } { s.b = 1; }",
            "config.s.a",
            "The option `s.b' does not exist",
        ),
        (
            "{ options.s = mkOption { type = submodule { }; default = { }; }; } { options.s.more = mkOption { default = 4; }; }",
            "config.s",
            r#"{"more":4}"#,
        ),
    ]);
}

#[test]
fn endless_modules_end() {
    agree(&[
        ("(let m = { imports = [ m ]; }; in m)", "config", "infinite recursion encountered"),
        (
            "(let c = mkMerge [ c c ]; in { options.a.b = mkOption { }; config = c; })",
            "config.a.b",
            "nested too deeply",
        ),
        ("(let o.a = o; c.a = c; in { options = o; config = c; })", "config", "nested evaluations was reached"),
        ("(let o.a = o; in { options = o; })", "builtins.attrNames config.a.a.a", r#"["a"]"#),
    ]);
}

const TABLE: &str = "\
# path\ttype\tdefault\tnote
net.enable\tbool\tfalse
net.mode\tstr\tif config.net.enable then \"on\" else \"off\"
net.names\tlistOf str\t[ ]
net.units\tattrsOf submodule\t{ }
net.units.<name>.address\tlistOf str\t[ ]
net.units.<name>.label\tstr\tname
net.cards.*.mac\tstr\t-
";

fn open(ev: &mut Evaluator, modules: &str) -> EvalId {
    let list = eval(ev, modules).expect("modules");
    let View::List(seq) = list.view() else { panic!("a list") };
    let modules = ev.heap.elements(seq).into_iter().map(ModuleInput::Module).collect();
    let schema = SchemaNode::parse(ev, &[TABLE]);
    let request = Request { modules, schema: Some(schema), is_open: true, ..Request::default() };
    eval_modules(ev, request).expect("an evaluation")
}

fn source(ev: &Evaluator, origin: ExprId) -> String {
    ev.program.place(origin).map(|place| ev.sources.text(place)).unwrap_or_default()
}

#[test]
fn a_machine_tolerates_what_it_does_not_know() {
    let cases = [
        ("[ { net.enable = true; } ]", "net.mode", r#""on""#),
        ("[ { } ]", "net.mode", r#""off""#),
        ("[ { services.x.y = 1; } { services.x.z = [ 1 ]; } { services.x.z = [ 2 ]; } ]", "services.x.z", "[2,1]"),
        ("[ { services.x = 1; } ]", "services.y", "unknown: option `services.y` is not declared here"),
        ("[ { net.units.a.address = [ \"1\" ]; } ]", "net.units.a.label", r#""a""#),
        (
            "[ ({ config, ... }: { net.cards = [ { mac = \"m\"; } ]; net.names = map (card: card.mac) config.net.cards; }) ]",
            "net.names",
            r#"["m"]"#,
        ),
        ("[ unknown { net.names = [ \"a\" ]; } ]", "net.names", r#"["a"]"#),
        ("[ (throw \"no\") { net.names = [ \"a\" ]; } ]", "net.names", r#"["a"]"#),
        (
            "[ ({ gone, ... }: { net.names = [ gone ]; }) ]",
            "net.names",
            "unknown: module argument `gone` is not passed",
        ),
        (
            "[ ({ config, ... }: { imports = if config.net.enable then [ ] else [ ]; net.names = [ \"b\" ]; }) ]",
            "net.names",
            r#"["b"]"#,
        ),
        (
            "[ ({ config, ... }: { imports = if config.net.enable then [ ] else [ ]; net.names = [ config.net.mode ]; }) ]",
            "net.names",
            r#"["off"]"#,
        ),
        ("[ { net.mode = mkIf (unknown) \"x\"; } ]", "net.mode", "unknown: "),
        ("[ { net.enable = mkIf (unknown) false; } ]", "net.enable", "false"),
        ("[ { net.enable = mkIf (unknown) true; } ]", "net.enable", "unknown: "),
        ("[ { options.own = mkOption { type = types.int; default = 3; }; } ]", "own", "3"),
        (
            "[ ({ config, ... }: { options.my.a = mkOption { }; config.net.mode = config.my.gone.x or \"z\"; }) ]",
            "net.mode",
            "unknown: option `my.gone` is not declared here",
        ),
        (
            "[ ({ config, ... }: { net.mode = if config ? own then \"y\" else \"n\"; }) ]",
            "net.mode",
            "unknown: option `own` is not declared here",
        ),
    ];
    for (modules, path, expected) in cases {
        let mut ev = evaluator();
        let id = open(&mut ev, modules);
        let path: Vec<&str> = path.split('.').collect();
        let report = option_report(&mut ev, id, &path);
        let got = shown(&mut ev, if report.value.is_stop() { Err(Stop(report.value)) } else { Ok(report.value) });
        let is_right = got == expected || (expected.starts_with("unknown") && got.starts_with(expected));
        assert!(is_right, "{modules}\n{path:?}\n{got}");
    }
}

#[test]
fn a_report_names_the_bindings() {
    let mut ev = evaluator();
    let id = open(
        &mut ev,
        "[ { net.mode = mkDefault \"a\"; } { config = mkIf true { net.mode = mkForce \"b\"; }; }
           { net = mkMerge [ { mode = mkIf false \"c\"; } { units.u = { label = \"l\"; address = [ \"1\" ]; }; } ]; } ]",
    );
    let report = option_report(&mut ev, id, &["net", "mode"]);
    let winning: Vec<String> = report.definitions.iter().map(|one| source(&ev, one.origin)).collect();
    assert_eq!(winning, ["mode"]);
    let reasons: Vec<LossReason> = report.losing.iter().map(|(_, reason)| *reason).collect();
    assert!(reasons.contains(&LossReason::Priority) && reasons.contains(&LossReason::ConditionFalse), "{reasons:?}");
    for (path, expected) in [("label", "\"l\""), ("address", "[\"1\"]")] {
        let report = option_report(&mut ev, id, &["net", "units", "u", path]);
        assert_eq!(report.definitions.len(), 1, "{path}");
        assert_eq!(source(&ev, report.definitions[0].origin), path);
        assert_eq!(shown(&mut ev, Ok(report.value)), expected);
    }
}

#[test]
fn problems_of_modules_are_kept() {
    let cases = [
        ("[ { imports = [ unknown ]; } ]", ProblemKind::UnknownImport),
        ("[ { imports = [ (throw \"broken\") ]; } ]", ProblemKind::FailedModule),
        ("[ { a = 1; config = { }; } ]", ProblemKind::FailedModule),
        ("[ ({ config, ... }: { imports = if config.net.enable then [ ] else [ ]; }) ]", ProblemKind::ConfigInImports),
        ("[ ({ gone, ... }: { net.mode = gone; }) ]", ProblemKind::MissingArgument),
    ];
    for (modules, kind) in cases {
        let mut ev = evaluator();
        let id = open(&mut ev, modules);
        option_report(&mut ev, id, &["net", "mode"]);
        let found = problems(&mut ev, id);
        assert_eq!(found.iter().map(|one| one.kind).collect::<Vec<_>>(), [kind], "{modules}");
        assert!(found[0].origin.is_some(), "{modules}");
    }
}

#[test]
fn the_thousandth_machine_costs_what_the_first_costs() {
    let mut ev = evaluator();
    let modules = "[ ({ config, ... }: { net.enable = true; net.names = [ config.net.mode ]; net.units.a.address = [ \"1\" ]; }) ]";
    let list = eval(&mut ev, modules).expect("modules");
    let View::List(seq) = list.view() else { panic!("a list") };
    let schema = SchemaNode::parse(&mut ev, &[TABLE]);
    let mut costs = Vec::new();
    for _ in 0..1_000 {
        let before = (ev.steps_taken(), ev.heap.bytes_used());
        let modules = ev.heap.elements(seq).into_iter().map(ModuleInput::Module).collect();
        let request = Request { modules, schema: Some(schema.clone()), is_open: true, ..Request::default() };
        let id = eval_modules(&mut ev, request).expect("an evaluation");
        for path in [&["net", "names"][..], &["net", "units", "a", "label"]] {
            option_report(&mut ev, id, path);
        }
        costs.push((ev.steps_taken() - before.0, ev.heap.bytes_used() - before.1));
    }
    assert_eq!(costs[10], costs[999]);
    assert!(costs[999].1 < 20_000, "{:?}", costs[999]);
}

#[test]
fn options_that_depend_on_one_another_are_named_in_turn() {
    let options = "({ config, ... }: { options.a = mkOption { type = int; }; options.b.c = mkOption { type = int; };
        options.d = mkOption { default = 0; }; options.s = mkOption { type = attrsOf (submodule { options.x = mkOption { }; }); };";
    agree(&[
        (
            &format!("{options} config = {{ a = config.b.c; b.c = config.a + 1; d = config.a; }}; }})"),
            "config.d",
            "infinite recursion encountered: a → b.c → a",
        ),
        (&format!("{options} config.a = config.a; }})"), "config.a", "infinite recursion encountered: a → a"),
        (
            &format!("{options} config = {{ s.one.x = config.a; a = config.s.one.x; }}; }})"),
            "config.s.one",
            "infinite recursion encountered: s.one.x → a → s.one.x",
        ),
    ]);
}

#[test]
fn errors_show_where_and_when_nixpkgs_shows_them() {
    let alias = "(mkAliasOptionModule [ \"old\" ] [ \"new\" ])";
    let twice = "{ options.new = mkOption { default = 1; }; } { options.new = mkOption { default = 2; }; }";
    agree(&[
        // Whether an alias has a type takes the declarations of the option that it stands for.
        (&format!("{alias} {twice} {{ options.a = mkOption {{ default = 1; }}; }} {{ old = 3; }}"), "config.a", "The option `new' in"),
        // What a submodule says about itself does not depend on what is defined in it.
        (
            "({ config, ... }: { options.on = mkOption { type = bool; }; config = mkIf config.on { on = true; s.x = 1; }; })
             { options.s = mkOption { type = submodule { freeformType = attrsOf int; }; }; }",
            "attrNames options.s.valueMeta.configuration",
            r#"["_module","_type","class","config","extendModules","graph","options","type"]"#,
        ),
        // A definition that is a function is imported, behind all that are sets.
        (
            "{ options.s = mkOption { type = submodule { options.l = mkOption { type = listOf int; }; }; }; }
             { s = { l = [ 1 ]; }; } { s = { ... }: { l = [ 2 ]; }; } { s = { l = [ 3 ]; }; }",
            "config.s.l",
            "[2,1,3]",
        ),
        // What is declared is looked at even if nothing is defined.
        (
            "{ options.l = mkOption { type = listOf int; default = [ ]; }; } { options.l.x = mkOption { }; }
             { options.c = mkOption { default = 1; }; }",
            "config.c",
            "would be a parent of the following options",
        ),
        // Functions without a type are merged by what they give, which nixpkgs takes for definitions.
        (
            "{ options.f = mkOption { }; } { f = x: { value = [ x ]; }; } { f = x: { value = [ 2 ]; }; }",
            "config.f 1",
            "[2,1]",
        ),
        ("{ options.f = mkOption { }; } { f = x: x; } { f = x: x; }", "config.f 1", "expected a set"),
        // A tag's type is taken as it is: its modules do not get the place of the tag.
        (
            "{ options.t = mkOption { type = attrTag { a = mkOption { type = deferredModuleWith { staticModules = [ { x = 1; } ]; }; }; }; }; } { t.a = { }; }",
            "head config.t.a.imports",
            r#"{"x":1}"#,
        ),
        // An option outside of a tree has the type that it was given, or none.
        ("{ options.t = mkOption { type = attrTag { a = mkOption { }; }; }; } { t.a = 1; }", "config.t.a", "attribute 'type' missing"),
        // Imports are loaded before the next module, and so is what is wrong with them.
        ("{ imports = [ { imports = [ (throw \"what is inside\") ]; } ]; } (throw \"the next one\")", "config", "what is inside"),
        // The check of an element shows when the element is read.
        (
            "{ options.l = mkOption { type = listOf (addCheck int (x: x)); }; } { l = [ 1 ]; }",
            "builtins.length config.l",
            "1",
        ),
        // The first definition chooses the tag; that another one chooses differently shows in its value.
        (
            "{ options.t = mkOption { type = attrTag { a = mkOption { type = int; }; b = mkOption { type = int; }; }; }; }
             { t.a = 1; } { t.b = 2; }",
            "map attrNames [ config.t ] ++ [ (builtins.tryEval config.t.b).success ]",
            r#"[["b"],false]"#,
        ),
    ]);
}
