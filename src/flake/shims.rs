//! Well-known flakes, described in Nix: what of their outputs decides a configuration.

use std::path::Path;

use crate::eval::{Evaluator, Outcome, UnknownReason};
use crate::heap::{Value, View};

/// A well-known flake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Nixpkgs,
    Microvm,
    FlakeParts,
    ImportTree,
    FlakeUtils,
    Systems,
}

impl Known {
    /// The flake with this owner and repository.
    pub(super) fn of(owner: &str, repo: &str) -> Option<Self> {
        match repo.trim_end_matches(".git").to_ascii_lowercase().as_str() {
            "nixpkgs" | "nixpkgs.lib" => Some(Self::Nixpkgs),
            "microvm.nix" => Some(Self::Microvm),
            "flake-parts" => Some(Self::FlakeParts),
            "import-tree" => Some(Self::ImportTree),
            "flake-utils" => Some(Self::FlakeUtils),
            _ if owner == "nix-systems" => Some(Self::Systems),
            _ => None,
        }
    }

    /// The flake that a URL in `flake.nix` names: `github:owner/repo/ref`, `git+https://host/owner/repo`, a registry name such as `nixpkgs/nixos-25.05`.
    pub(super) fn of_url(url: &str) -> Option<Self> {
        let rest = url.split_once(':').map_or(url, |(_, rest)| rest);
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let mut previous = "";
        for part in rest.split('/') {
            if let Some(known) = Self::of(previous, part) {
                return Some(known);
            }
            previous = part;
        }
        None
    }

    fn text(self) -> &'static str {
        match self {
            Self::Nixpkgs => include_str!("shims/nixpkgs.nix"),
            Self::Microvm => include_str!("shims/microvm.nix"),
            Self::FlakeParts => include_str!("shims/flake-parts.nix"),
            Self::ImportTree => include_str!("shims/import-tree.nix"),
            Self::FlakeUtils => include_str!("shims/flake-utils.nix"),
            Self::Systems => include_str!("shims/systems.nix"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Nixpkgs => "routelint/flakes/nixpkgs.nix",
            Self::Microvm => "routelint/flakes/microvm.nix",
            Self::FlakeParts => "routelint/flakes/flake-parts.nix",
            Self::ImportTree => "routelint/flakes/import-tree.nix",
            Self::FlakeUtils => "routelint/flakes/flake-utils.nix",
            Self::Systems => "routelint/flakes/systems.nix",
        }
    }

    /// The outputs: what the description says, and unknown beyond it.
    pub(super) fn outputs(self, ev: &mut Evaluator) -> Outcome {
        let function = ev.eval_text(self.name(), self.text(), Path::new("/"))?;
        let reason = ev
            .unknown(UnknownReason::MissingInput(
                self.name().rsplit('/').next().unwrap_or_default().trim_end_matches(".nix").to_owned(),
            ))
            .0;
        let nixos_system = ev.native("lib.nixosSystem");
        let host = crate::schema::host_module(ev)?;
        let guest = crate::schema::guest_module(ev)?;
        let packages = super::machine::package_set(ev, None);
        let lib = ev.global("lib").unwrap_or(Value::EMPTY_SET);
        let native = ev.set(&[
            ("lib", lib),
            ("nixosSystem", nixos_system),
            ("hostModule", host),
            ("guestModule", guest),
            ("packages", packages),
            ("unknown", reason),
        ]);
        let outputs = ev.call(function, &[native])?;
        let outputs = ev.want(outputs)?;
        match reason.view() {
            View::Unknown(_) if self != Self::ImportTree => ev.update(reason, outputs),
            _ => Ok(outputs),
        }
    }
}
