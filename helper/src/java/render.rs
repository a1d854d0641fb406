//! Writes the BUILD files of a Java toolchain. Pure: their text depends on the manifest's contents only.

use std::collections::BTreeMap;

use super::config::JavaConfig;
use crate::build_file::{Call, Value, load, render_calls};
use crate::cc::render::{MODULE, constraint, own_constraints, platform, public_package, render_folder};
use crate::system::System;

/// The BUILD files of a Java toolchain, by name relative to the manifest. `comment` is the manifest's: the marker and the
/// command that writes the folder.
#[must_use]
pub fn render_java(
    comment: &str,
    name: &str,
    config: &JavaConfig,
    system: System,
    exec_properties: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    render_folder(comment, "java", render_toolchain(config), render_config(name, system, exec_properties))
}

fn render_toolchain(config: &JavaConfig) -> String {
    let mut call = Call::new("lre_java_toolchain")
        .attribute("name", Value::string("java"))
        .attribute("java_home", Value::string(&config.java_home));
    if let Some(shell) = &config.shell {
        call = call.attribute("shell", Value::string(shell));
    }
    let call =
        call.attribute("tools", Value::dictionary(&config.tools)).attribute("version", Value::Number(config.version));
    let load = load(&format!("{MODULE}:java.bzl"), "lre_java_toolchain");
    format!("{load}\n{}", render_calls(&[public_package(), call]))
}

/// What is compiled runs anywhere, so that toolchains are for the platform that they run on; a runtime, for the platform
/// that it is on. Source: the comments in rules_java's `toolchains/BUILD`.
fn render_config(name: &str, system: System, exec_properties: &BTreeMap<String, String>) -> String {
    let toolchain = |label: &str, constraints, target: &str, kind: &str| {
        Call::new("lre_registration")
            .attribute("name", Value::string(label))
            .attribute(constraints, own_constraints(name, system))
            .attribute("toolchain", Value::string(&format!("@lre_{name}//{target}")))
            .attribute("toolchain_name", Value::string(name))
            .attribute("toolchain_type", Value::string(&format!("@bazel_tools//tools/jdk:{kind}")))
    };
    let calls = [
        public_package(),
        constraint(name),
        toolchain(
            "java-bootstrap-runtime-toolchain",
            "exec_compatible_with",
            "java:runtime",
            "bootstrap_runtime_toolchain_type",
        ),
        toolchain("java-runtime-toolchain", "target_compatible_with", "java:runtime", "runtime_toolchain_type"),
        toolchain("java-toolchain", "exec_compatible_with", "java", "toolchain_type"),
        platform(name, system, exec_properties),
    ];
    let loads = [("platform", "lre_platform"), ("registration", "lre_registration")]
        .map(|(file, symbol)| load(&format!("{MODULE}:{file}.bzl"), symbol));
    format!("{}\n{}", loads.concat(), render_calls(&calls))
}
