//! Whether an overlay leaves nothing in the clear, and has no secret in it.

use serde_json::Value;

use super::agreement::{config, list, pods, text};

/// The authorities' file for each port.
const AUTHORITIES: [(u64, &str); 4] =
    [(50051, "writers.pem"), (50053, "readers.pem"), (50052, "executors.pem"), (50061, "workers.pem")];
const OWN: &str = "/etc/nativelink-tls";
const CLIENTS: &str = "/etc/nativelink-authorities";

/// Everything that is open, or contained.
pub(super) fn open(documents: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    let mut listeners = 0;
    for (name, template) in pods(documents) {
        let Some(config) = config(documents, template) else {
            found.push(format!("{name}: no configuration"));
            continue;
        };
        for server in list(&config["servers"]).filter(|server| server["services"]["health"].is_null()) {
            listeners += 1;
            found.extend(untrusted(name, server));
        }
        let stores = list(&config["stores"]).flat_map(|store| list(&store["grpc"]["endpoints"]));
        let stores = stores.map(|endpoint| (endpoint, &endpoint["address"]));
        let workers = list(&config["workers"]).map(|worker| &worker["local"]["worker_api_endpoint"]);
        for (endpoint, address) in stores.chain(workers.map(|endpoint| (endpoint, &endpoint["uri"]))) {
            let tls = &endpoint["tls_config"];
            let files = ["ca_file", "cert_file", "key_file"].map(|key| file(&tls[key]));
            let wanted = ["ca.crt", "tls.crt", "tls.key"].map(|name| format!("{OWN}/{name}"));
            if !text(address).starts_with("grpcs://") || files != wanted {
                found.push(format!("{name}: {address} is spoken with by {files:?}"));
            }
        }
        found.extend(unmounted(name, template));
    }
    if listeners != AUTHORITIES.len() {
        found.push(format!("{listeners} listeners instead of {}", AUTHORITIES.len()));
    }
    for document in documents {
        let name = text(&document["metadata"]["name"]);
        if document["kind"] == "Secret" || name == "client-authorities" {
            found.push(format!("{name}: the overlay contains it"));
        }
    }
    found
}

/// A listener that takes others than those whose port it is.
fn untrusted(name: &str, server: &Value) -> Option<String> {
    let http = &server["listener"]["http"];
    let address = text(&http["socket_address"]);
    let wanted = AUTHORITIES.iter().find(|(port, _)| address.trim_end_matches('}').ends_with(&format!(":{port}")));
    let Some((_, authorities)) = wanted else { return Some(format!("{name}: nothing is known of {address}")) };
    let files = ["cert_file", "key_file", "client_ca_file"].map(|key| file(&http["tls"][key]));
    let wanted = [format!("{OWN}/tls.crt"), format!("{OWN}/tls.key"), format!("{CLIENTS}/{authorities}")];
    (files != wanted).then(|| format!("{name}: {address} has {files:?}"))
}

/// Where a file such as `${LRE_TLS:-/etc/nativelink-tls}/tls.crt` is by default.
fn file(value: &Value) -> String {
    let path = text(value).split_once(":-").map_or_else(|| text(value), |(_, rest)| rest);
    path.replace('}', "")
}

/// Folders of certificates that are not there, or are another's.
fn unmounted(name: &str, template: &Value) -> Vec<String> {
    let spec = &template["spec"];
    // Those of one worker are those of all.
    let own = if name.starts_with("worker-") { "worker-tls".to_owned() } else { format!("{name}-tls") };
    let source = |path: &str| {
        let mount = list(&spec["containers"][0]["volumeMounts"]).find(|mount| mount["mountPath"] == path)?;
        let volume = list(&spec["volumes"]).find(|volume| volume["name"] == mount["name"])?;
        let names = [&volume["secret"]["secretName"], &volume["configMap"]["name"]];
        let name = names.into_iter().find_map(Value::as_str)?;
        (mount["readOnly"] == true).then(|| name.to_owned())
    };
    let clients = if name.starts_with("worker-") { None } else { Some("client-authorities".to_owned()) };
    let mut found = Vec::new();
    for (path, wanted) in [(OWN, Some(own)), (CLIENTS, clients)] {
        if source(path) != wanted {
            found.push(format!("{name}: `{path}` is {:?} instead of {wanted:?}", source(path)));
        }
    }
    found
}
