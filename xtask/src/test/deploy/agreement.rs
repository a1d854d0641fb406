//! Whether rendered documents agree with the manifests, and with each other: images, properties, addresses, ports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::sandbox::workspace;

type Properties = BTreeMap<String, Value>;

/// What a manifest says of its worker.
struct Expected {
    image: String,
    properties: Properties,
}

/// The deployments that stand for processes, each with its pod template.
pub(super) fn pods(documents: &[Value]) -> impl Iterator<Item = (&str, &Value)> {
    let is_pod = |document: &&Value| !document["spec"]["template"]["spec"]["containers"].is_null();
    documents.iter().filter(is_pod).map(|document| (text(&document["metadata"]["name"]), &document["spec"]["template"]))
}

/// Everything in which documents differ from the manifests, or from each other.
pub(super) fn disagreements(documents: &[Value]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut wanted = BTreeMap::from([expected("cc")?, expected("java")?]);
    let keys: BTreeSet<String> = wanted.values().flat_map(|worker| worker.properties.keys().cloned()).collect();
    let exact: Properties = keys.into_iter().map(|key| (key, "exact".into())).collect();
    for (name, template) in pods(documents) {
        let container = &template["spec"]["containers"][0];
        let config = config(documents, template).with_context(|| format!("`{name}` has no configuration"))?;
        let configured: BTreeSet<u64> = config["servers"].as_array().into_iter().flatten().map(listened).collect();
        if ports(container) != configured {
            found.push(format!("{name}: ports {:?}, its configuration listens to {configured:?}", ports(container)));
        }
        if let Some(worker) = wanted.remove(name) {
            if text(&container["image"]) != worker.image {
                found.push(format!("{name}: image {}, the manifest's is {}", container["image"], worker.image));
            }
            let offered = object(&config["workers"][0]["local"]["platform_properties"]);
            let offered: Properties =
                offered.into_iter().map(|(key, value)| (key, value["values"][0].clone())).collect();
            if offered != worker.properties {
                found.push(format!("{name}: offers {offered:?}, the manifest's are {:?}", worker.properties));
            }
        }
        if name == "scheduler" {
            let matched = object(&config["schedulers"][0]["simple"]["supported_platform_properties"]);
            if matched != exact {
                found.push(format!("{name}: matches {matched:?} instead of {exact:?}"));
            }
        }
        found.extend(lost_addresses(documents, name, container));
    }
    found.extend(wanted.into_keys().map(|name| format!("{name}: there is no such deployment")));
    found.extend(lost_ports(documents));
    Ok(found)
}

/// Containers that could do more than they need, or that nobody watches.
pub(super) fn unconfined(documents: &[Value]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut seen = 0;
    for (name, template) in pods(documents) {
        let spec = &template["spec"];
        let pod = &spec["securityContext"];
        let confined = pod["runAsNonRoot"] == true
            && pod["seccompProfile"]["type"] == "RuntimeDefault"
            && spec["automountServiceAccountToken"] == false;
        if !confined {
            found.push(format!("{name}: the pod is not confined"));
        }
        let list = |key: &str| spec[key].as_array().cloned().unwrap_or_default();
        for container in list("initContainers").iter().chain(&list("containers")) {
            seen += 1;
            let security = &container["securityContext"];
            let confined = security["allowPrivilegeEscalation"] == false
                && security["readOnlyRootFilesystem"] == true
                && security["capabilities"]["drop"][0] == "ALL";
            let limits = &container["resources"]["limits"];
            if !confined || limits["cpu"].is_null() || limits["memory"].is_null() {
                found.push(format!("{name}: container {} is not confined and limited", container["name"]));
            }
        }
        let main = &spec["containers"][0];
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            if main[probe].is_null() {
                found.push(format!("{name}: no {probe}"));
            }
        }
    }
    // Four processes, and an engine that is put beside each of two toolchains.
    if seen != 6 {
        found.push(format!("{seen} containers instead of 6"));
    }
    Ok(found)
}

fn expected(kind: &str) -> Result<(String, Expected)> {
    let file = workspace().join(format!("generated-{kind}/lre.json"));
    let text_of = fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let manifest: Value = serde_json::from_str(&text_of)?;
    let image = &manifest["image"];
    let worker = Expected { image: text(&image["reference"]).to_owned(), properties: object(&image["execProperties"]) };
    Ok((format!("worker-{kind}"), worker))
}

/// The configuration that a pod reads.
pub(super) fn config(documents: &[Value], template: &Value) -> Option<Value> {
    let volumes = template["spec"]["volumes"].as_array()?;
    let name = &volumes.iter().find(|volume| volume["name"] == "config")?["configMap"]["name"];
    let map = documents.iter().find(|map| map["kind"] == "ConfigMap" && map["metadata"]["name"] == *name)?;
    let lines = map["data"]["nativelink.json5"].as_str()?.lines();
    let json: String = lines.filter(|line| !line.starts_with("//")).collect();
    serde_json::from_str(&json).ok()
}

/// The port of a listener such as `${VARIABLE:-0.0.0.0:50051}`.
fn listened(server: &Value) -> u64 {
    let address = text(&server["listener"]["http"]["socket_address"]);
    address.trim_end_matches('}').rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default()
}

fn ports(container: &Value) -> BTreeSet<u64> {
    container["ports"].as_array().into_iter().flatten().filter_map(|port| port["containerPort"].as_u64()).collect()
}

/// Addresses in variables that no service has.
fn lost_addresses(documents: &[Value], name: &str, container: &Value) -> Vec<String> {
    let has = |address: &str| {
        let Some((host, port)) = address.split_once(':') else { return false };
        let Ok(port) = port.parse::<u64>() else { return false };
        documents.iter().any(|service| {
            let list = service["spec"]["ports"].as_array();
            service["kind"] == "Service"
                && service["metadata"]["name"] == host
                && list.into_iter().flatten().any(|entry| entry["port"] == port)
        })
    };
    let variables = container["env"].as_array().into_iter().flatten();
    let addresses = variables.filter(|variable| ["LRE_CAS", "LRE_SCHEDULER"].contains(&text(&variable["name"])));
    let lost = addresses.filter(|variable| !has(text(&variable["value"])));
    lost.map(|variable| format!("{name}: no service is at {}", variable["value"])).collect()
}

/// Ports of services and of policies that no pod has that they select.
fn lost_ports(documents: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    for document in documents {
        let name = text(&document["metadata"]["name"]);
        let spec = &document["spec"];
        let (selector, wanted): (&Value, Vec<&Value>) = match text(&document["kind"]) {
            "Service" => (&spec["selector"], list(&spec["ports"]).map(|port| &port["targetPort"]).collect()),
            "NetworkPolicy" => {
                let rules = list(&spec["ingress"]).flat_map(|rule| list(&rule["ports"])).map(|port| &port["port"]);
                (&spec["podSelector"]["matchLabels"], rules.collect())
            }
            _ => continue,
        };
        for port in wanted {
            let selected: Vec<&Value> =
                pods(documents).map(|(_, template)| template).filter(|pod| selects(selector, pod)).collect();
            let has = |template: &&&Value| {
                let entries = list(&template["spec"]["containers"][0]["ports"]);
                entries.into_iter().any(|entry| entry["name"] == *port || entry["containerPort"] == *port)
            };
            if selected.is_empty() || selected.iter().filter(has).count() != selected.len() {
                found.push(format!("{name}: port {port} is not one of the pods that it selects"));
            }
        }
    }
    found
}

fn selects(selector: &Value, template: &Value) -> bool {
    object(selector).iter().all(|(key, value)| template["metadata"]["labels"][key] == *value)
}

pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn object(value: &Value) -> Properties {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
