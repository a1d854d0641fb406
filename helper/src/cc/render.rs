//! Writes the BUILD files of a C++ toolchain. Pure: their text depends on the manifest's contents only.

use std::collections::BTreeMap;

use super::config::CcConfig;
use crate::build_file::{Call, Value, load, render_calls};
use crate::system::System;

/// Where a toolchain runs, and what it produces code for.
#[derive(Clone, Copy, Debug)]
pub struct Systems {
    /// Of the toolchain's programs.
    pub exec: System,
    /// Of what they make.
    pub target: System,
}

/// The label of this module's Starlark files.
pub(crate) const MODULE: &str = "@local-remote-execution//toolchain";

/// The BUILD files of a C++ toolchain, by name relative to the manifest. `comment` is the manifest's: the marker and the
/// command that writes the folder.
#[must_use]
pub fn render_cc(
    comment: &str,
    name: &str,
    config: &CcConfig,
    systems: Systems,
    exec_properties: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    render_folder(comment, "cc", render_toolchain(config), render_config(name, systems, exec_properties))
}

/// The files of a toolchain's folder; `package` is that of its toolchain.
pub(crate) fn render_folder(
    comment: &str,
    package: &str,
    toolchain: String,
    config: String,
) -> BTreeMap<String, String> {
    let files = [
        ("BUILD.bazel".to_owned(), "exports_files([\"lre.json\"])\n".to_owned()),
        (format!("{package}/BUILD"), toolchain),
        ("config/BUILD".to_owned(), config),
    ];
    files.into_iter().map(|(name, text)| (name, format!("# {comment}\n\n{text}"))).collect()
}

pub(crate) fn public_package() -> Call {
    Call::new("package").attribute("default_visibility", Value::list(["//visibility:public"]))
}

fn render_toolchain(config: &CcConfig) -> String {
    let c = config;
    let call = Call::new("lre_cc_toolchain")
        .attribute("name", Value::string("cc"))
        .attribute("abi_libc_version", Value::string(&c.abi_libc_version))
        .attribute("abi_version", Value::string(&c.abi_version))
        .attribute("absent_features", Value::list(&c.absent_features))
        .attribute("compile_flags", Value::list(&c.compile_flags))
        .attribute("compiler", Value::string(&c.compiler))
        .attribute("conly_flags", Value::list(&c.conly_flags))
        .attribute("coverage_compile_flags", Value::list(&c.coverage_compile_flags))
        .attribute("coverage_link_flags", Value::list(&c.coverage_link_flags))
        .attribute("cpu", Value::string(&c.cpu))
        .attribute("cxx_builtin_include_directories", Value::list(&c.cxx_builtin_include_directories))
        .attribute("cxx_flags", Value::list(&c.cxx_flags))
        .attribute("dbg_compile_flags", Value::list(&c.dbg_compile_flags))
        .attribute("host_system_name", Value::string(&c.host_system_name))
        .attribute("link_flags", Value::list(&c.link_flags))
        .attribute("link_libs", Value::list(&c.link_libs))
        .attribute("opt_compile_flags", Value::list(&c.opt_compile_flags))
        .attribute("opt_link_flags", Value::list(&c.opt_link_flags))
        .attribute("supports_start_end_lib", Value::Bool(c.supports_start_end_lib))
        .attribute("target_libc", Value::string(&c.target_libc))
        .attribute("target_system_name", Value::string(&c.target_system_name))
        .attribute("tool_paths", Value::dictionary(&c.tool_paths))
        .attribute("toolchain_identifier", Value::string(&c.toolchain_identifier))
        .attribute("unfiltered_compile_flags", Value::list(&c.unfiltered_compile_flags));
    let load = load(&format!("{MODULE}:cc.bzl"), "lre_cc_toolchain");
    format!("{load}\n{}", render_calls(&[public_package(), call]))
}

/// The constraints of the toolchain's own platform: its own value and its system's.
pub(crate) fn own_constraints(name: &str, system: System) -> Value {
    let [cpu, os] = system.constraints();
    Value::list([format!(":lre-{name}").as_str(), cpu, os])
}

/// The toolchain's own constraint value: it keeps the toolchain off every platform but its own.
pub(crate) fn constraint(name: &str) -> Call {
    Call::new("constraint_value")
        .attribute("name", Value::string(&format!("lre-{name}")))
        .attribute("constraint_setting", Value::string(&format!("{MODULE}:toolchain")))
}

/// The toolchain's platform.
pub(crate) fn platform(name: &str, system: System, exec_properties: &BTreeMap<String, String>) -> Call {
    Call::new("lre_platform")
        .attribute("name", Value::string("platform"))
        .attribute("constraint_values", own_constraints(name, system))
        .attribute("exec_properties", Value::dictionary(exec_properties))
        .attribute("toolchain", Value::string(name))
}

fn render_config(name: &str, systems: Systems, exec_properties: &BTreeMap<String, String>) -> String {
    let mut calls = vec![
        public_package(),
        constraint(name),
        Call::new("lre_registration")
            .attribute("name", Value::string("cc-toolchain"))
            .attribute("exec_compatible_with", own_constraints(name, systems.exec))
            .attribute("target_compatible_with", Value::list(systems.target.constraints()))
            .attribute("toolchain", Value::string(&format!("@lre_{name}//cc")))
            .attribute("toolchain_name", Value::string(name))
            .attribute("toolchain_type", Value::string("@bazel_tools//tools/cpp:toolchain_type")),
        platform(name, systems.exec, exec_properties),
    ];
    if systems.target != systems.exec {
        let target = Call::new("platform")
            .attribute("name", Value::string("target"))
            .attribute("constraint_values", Value::list(systems.target.constraints()));
        calls.push(target);
    }
    let platform = load(&format!("{MODULE}:platform.bzl"), "lre_platform");
    let registration = load(&format!("{MODULE}:registration.bzl"), "lre_registration");
    format!("{platform}{registration}\n{}", render_calls(&calls))
}
