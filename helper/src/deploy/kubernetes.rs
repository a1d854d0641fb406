//! The Kubernetes base. What of it depends on manifests is one Deployment a worker, and the lists of files that name them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{marker, port, worker_file};
use crate::generated_file::MARKER;
use crate::manifest::Manifest;

/// The release that the configuration is for.
const NATIVELINK: &str = "v1.6.6";

const WORKER: &str = include_str!("kubernetes/worker.yaml");

/// What every base has, whatever its toolchains.
const COMMON: [(&str, &str); 4] = [
    ("namespace", include_str!("kubernetes/namespace.yaml")),
    ("cas", include_str!("kubernetes/cas.yaml")),
    ("scheduler", include_str!("kubernetes/scheduler.yaml")),
    ("network-policy", include_str!("kubernetes/network-policy.yaml")),
];

/// The files that somebody may make their own, by name below the deployment's folder.
pub(super) fn common_files() -> impl Iterator<Item = String> {
    COMMON.iter().map(|(name, _)| common_file(name))
}

fn common_file(name: &str) -> String {
    format!("kubernetes/base/{name}.yaml")
}

/// The files, by name below the deployment's folder.
pub(super) fn render_kubernetes(manifests: &[Manifest]) -> BTreeMap<String, String> {
    let mut files = BTreeMap::from([
        ("nativelink/kustomization.yaml".to_owned(), config_maps(manifests)),
        ("nativelink/tls/kustomization.yaml".to_owned(), tls_config_maps(manifests)),
        ("kubernetes/base/kustomization.yaml".to_owned(), base(manifests)),
    ]);
    for manifest in manifests {
        files.insert(format!("kubernetes/base/worker-{}.yaml", manifest.name), worker(manifest));
    }
    for (name, text) in COMMON {
        let marker = format!("# {MARKER} by `lre deploy render`. Without this line it is yours, and stays.\n");
        files.insert(common_file(name), marker + text);
    }
    files
}

fn worker(manifest: &Manifest) -> String {
    let filled = WORKER
        .replace("@NAME@", &manifest.name)
        .replace("@IMAGE@", &manifest.image.reference)
        .replace("@CACHE@", &port::CACHE.to_string())
        .replace("@API@", &port::WORKER_API.to_string())
        .replace("@HEALTH@", &port::HEALTH.to_string());
    format!("# {}\n{filled}", marker())
}

/// A ConfigMap for each process. Its name has a hash of its bytes, so that a changed file starts new pods.
fn config_maps(manifests: &[Manifest]) -> String {
    format!("{}configMapGenerator:\n{}", kustomization(), maps(manifests, ""))
}

/// The same ConfigMaps with the files that have TLS, for an overlay of the base.
fn tls_config_maps(manifests: &[Manifest]) -> String {
    let maps = maps(manifests, "  namespace: lre\n  behavior: replace\n");
    format!(
        "# {}\napiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nconfigMapGenerator:\n{maps}",
        marker()
    )
}

fn maps(manifests: &[Manifest], options: &str) -> String {
    let map = |name: &str, file: &str| format!("- name: {name}\n{options}  files:\n  - nativelink.json5={file}\n");
    let mut text = map("cas", "cas.json5") + &map("scheduler", "scheduler.json5");
    for (index, manifest) in manifests.iter().enumerate() {
        text += &map(&format!("worker-{}", manifest.name), &worker_file(index, manifest));
    }
    text
}

fn base(manifests: &[Manifest]) -> String {
    let mut text = kustomization();
    text.push_str("namespace: lre\nresources:\n- ../../nativelink\n");
    for (file, _) in COMMON {
        let _ = writeln!(text, "- {file}.yaml");
    }
    for manifest in manifests {
        let _ = writeln!(text, "- worker-{}.yaml", manifest.name);
    }
    text.push_str("images:\n");
    for image in ["nativelink", "nativelink-worker-init"] {
        let _ = writeln!(text, "- name: {image}\n  newName: ghcr.io/tracemachina/{image}\n  newTag: {NATIVELINK}");
    }
    text
}

fn kustomization() -> String {
    format!("# {}\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", marker())
}
