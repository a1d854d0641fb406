//! The Nix system of this machine.

/// CPU and operating system as Nix names them, such as `x86_64-linux` or `aarch64-darwin`.
#[must_use]
pub fn host_system() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    format!("{}-{system}", std::env::consts::ARCH)
}
