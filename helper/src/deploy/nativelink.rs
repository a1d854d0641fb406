//! NativeLink's configuration, for its release 1.6.6.
//!
//! Every property of a manifest is matched exactly: what NativeLink calls `priority` restricts nothing, and a worker that
//! lacks a key that is not listed takes every value of it.

mod transport;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{marker, port, worker_file};
use crate::manifest::Manifest;
use transport::{Clients, Transport};

/// Instance names that clients may give: Bazel's default, and that of NativeLink's documentation.
const INSTANCES: [&str; 2] = ["", "main"];

const CAS: &str = "CAS";
const VERIFIED_CAS: &str = "VERIFIED_CAS";
const AC: &str = "AC";
const WORKER_CAS: &str = "WORKER_CAS";
const SCHEDULER: &str = "SCHEDULER";

/// The files, by name below the deployment's folder.
pub(super) fn render_nativelink(manifests: &[Manifest]) -> BTreeMap<String, String> {
    let mut files = BTreeMap::from([("local.json5".to_owned(), text(LOCAL, &local(manifests)))]);
    for transport in [Transport::Plain, Transport::Tls] {
        let mut add = |name: &str, comment: &str, value: &Value| {
            let comment = format!("{comment}{}", transport.comment());
            files.insert(format!("{}{name}", transport.folder()), text(&comment, value));
        };
        add("cas.json5", CACHE, &cas(transport));
        add("scheduler.json5", QUEUE, &scheduler(manifests, transport));
        for (index, manifest) in manifests.iter().enumerate() {
            add(&worker_file(index, manifest), WORKER, &worker(manifest, transport));
        }
    }
    files.into_iter().map(|(name, text)| (format!("nativelink/{name}"), text)).collect()
}

const LOCAL: &str = "\
Cache, scheduler and workers in one process, on the loopback interface. Environment variables change it:
LRE_DATA       folder of the stores and of running actions
LRE_PORT       Bazel's port, for --remote_cache and --remote_executor
LRE_API_PORT   the workers' port
LRE_CAS_BYTES, LRE_AC_BYTES   when the least recently used entries are evicted
LRE_TASKS      actions that each worker runs at once
LRE_ACTION_LIMIT   how long an action may take, as `1h30m`; one that asks for more is refused
The engine has no deadline for an action that no worker takes: it waits as long as its client does.";

const CACHE: &str = "\
Content-addressed storage and action cache, on disk and kept over restarts. Environment variables change it:
LRE_DATA       folder of the stores
LRE_CAS_BYTES, LRE_AC_BYTES   when the least recently used entries are evicted
LRE_CACHE_LISTEN, LRE_READ_ONLY_LISTEN, LRE_HEALTH_LISTEN   addresses
An action result whose outputs were evicted is no hit. What is uploaded has to have the hash that it claims.";

const QUEUE: &str = "\
The queue. Environment variables change it:
LRE_CAS        address of the cache
LRE_SCHEDULER_LISTEN, LRE_API_LISTEN, LRE_HEALTH_LISTEN   addresses
A worker gets an action if it offers the very properties that the platform asks for. The engine has no deadline for an
action that no worker takes: it waits as long as its client does.";

const WORKER: &str = "\
A worker that offers what its manifest asks for. Environment variables change it:
LRE_CAS, LRE_SCHEDULER   addresses of the cache and of the scheduler's port for workers
LRE_DATA       folder of the worker's own cache and of running actions
LRE_CAS_BYTES  when the least recently used entries of that cache are evicted
LRE_TASKS      actions that run at once
LRE_ACTION_LIMIT   how long an action may take, as `1h30m`; one that asks for more is refused
LRE_HEALTH_LISTEN   address";

/// A JSON5 file: comments, then JSON.
fn text(comment: &str, value: &Value) -> String {
    let comment: String = comment.lines().map(|line| format!("// {line}\n")).collect();
    format!("// {}\n//\n{comment}{value:#}\n", marker())
}

fn local(manifests: &[Manifest]) -> Value {
    let data = "${LRE_DATA:-/var/tmp/lre-nativelink}";
    let workers: Vec<Value> = manifests
        .iter()
        .map(|manifest| {
            let api = Transport::Plain.endpoint("uri", "127.0.0.1:${LRE_API_PORT:-50061}");
            local_worker(manifest, &api, CAS, &format!("{data}/work-{}", manifest.name))
        })
        .collect();
    let mut services = cache_services(VERIFIED_CAS, false);
    services["capabilities"] = instances(&json!({ "remote_execution": { "scheduler": SCHEDULER } }));
    services["execution"] = instances(&json!({ "cas_store": VERIFIED_CAS, "scheduler": SCHEDULER }));
    json!({
        "stores": [
            // Workers link files out of a fast store on disk; with everything on one machine there is nothing behind it.
            { "name": CAS, "fast_slow": { "fast": disk(data, "cas", CAS_BYTES), "slow": { "noop": {} } } },
            verified(CAS),
            action_cache(data, CAS),
        ],
        "schedulers": [simple_scheduler(manifests)],
        "workers": workers,
        "servers": [
            server("127.0.0.1:${LRE_PORT:-50051}", &services),
            server("127.0.0.1:${LRE_API_PORT:-50061}", &json!({ "worker_api": { "scheduler": SCHEDULER }, "health": {} })),
        ],
    })
}

fn cas(transport: Transport) -> Value {
    let data = "${LRE_DATA:-/var/lib/nativelink}";
    let mut named = disk(data, "cas", CAS_BYTES);
    named["name"] = json!(CAS);
    json!({
        "stores": [named, verified(CAS), action_cache(data, CAS)],
        "servers": [
            transport.server(&any("LRE_CACHE_LISTEN", port::CACHE), Clients::Writers, &cache_services(VERIFIED_CAS, false)),
            transport.server(
                &any("LRE_READ_ONLY_LISTEN", port::READ_ONLY_CACHE),
                Clients::Readers,
                &cache_services(VERIFIED_CAS, true),
            ),
            health(),
        ],
    })
}

fn scheduler(manifests: &[Manifest], transport: Transport) -> Value {
    json!({
        "stores": remote_stores(transport),
        "schedulers": [simple_scheduler(manifests)],
        "servers": [
            transport.server(&any("LRE_SCHEDULER_LISTEN", port::SCHEDULER), Clients::Executors, &json!({
                "ac": instances(&json!({ "ac_store": AC, "read_only": true })),
                "capabilities": instances(&json!({ "remote_execution": { "scheduler": SCHEDULER } })),
                "execution": instances(&json!({ "cas_store": CAS, "scheduler": SCHEDULER })),
            })),
            // A port of its own: clients must not reach it.
            transport.server(
                &any("LRE_API_LISTEN", port::WORKER_API),
                Clients::Workers,
                &json!({ "worker_api": { "scheduler": SCHEDULER } }),
            ),
            health(),
        ],
    })
}

fn worker(manifest: &Manifest, transport: Transport) -> Value {
    let data = "${LRE_DATA:-/var/lib/nativelink}";
    let mut stores = remote_stores(transport);
    stores.push(json!({
        "name": WORKER_CAS,
        "fast_slow": {
            "fast": disk(data, "cas", CAS_BYTES),
            "slow": { "ref_store": { "name": CAS } },
        },
    }));
    let api = transport.endpoint("uri", &format!("${{LRE_SCHEDULER:-127.0.0.1:{}}}", port::WORKER_API));
    json!({
        "stores": stores,
        "workers": [local_worker(manifest, &api, WORKER_CAS, &format!("{data}/work"))],
        "servers": [health()],
    })
}

const CAS_BYTES: &str = "${LRE_CAS_BYTES:-10gb}";
const AC_BYTES: &str = "${LRE_AC_BYTES:-1gb}";

/// A store on disk. Both folders have to be on one file system.
fn disk(data: &str, name: &str, bytes: &str) -> Value {
    json!({
        "filesystem": {
            "content_path": format!("{data}/{name}/content"),
            "temp_path": format!("{data}/{name}/temporary"),
            "eviction_policy": { "max_bytes": bytes },
        },
    })
}

fn verified(backend: &str) -> Value {
    let backend = json!({ "ref_store": { "name": backend } });
    json!({ "name": VERIFIED_CAS, "verify": { "backend": backend, "verify_hash": true, "verify_size": true } })
}

fn action_cache(data: &str, cas: &str) -> Value {
    let cas_store = json!({ "ref_store": { "name": cas } });
    json!({ "name": AC, "completeness_checking": { "backend": disk(data, "ac", AC_BYTES), "cas_store": cas_store } })
}

fn remote_stores(transport: Transport) -> Vec<Value> {
    let endpoint = transport.endpoint("address", &format!("${{LRE_CAS:-127.0.0.1:{}}}", port::CACHE));
    let store = |name: &str, kind: &str| json!({ "name": name, "grpc": { "instance_name": "", "endpoints": [endpoint], "store_type": kind } });
    vec![store(CAS, "cas"), store(AC, "ac")]
}

fn simple_scheduler(manifests: &[Manifest]) -> Value {
    let names: BTreeSet<&String> =
        manifests.iter().flat_map(|manifest| manifest.image.exec_properties.keys()).collect();
    let properties: BTreeMap<&String, &str> = names.into_iter().map(|name| (name, "exact")).collect();
    json!({ "name": SCHEDULER, "simple": { "supported_platform_properties": properties } })
}

fn local_worker(manifest: &Manifest, api: &Value, cas: &str, work: &str) -> Value {
    let offered = |(name, value): (&String, &String)| (name.clone(), json!({ "values": [unexpanded(value)] }));
    let properties: BTreeMap<String, Value> = manifest.image.exec_properties.iter().map(offered).collect();
    json!({
        "local": {
            "name": format!("lre-{}-", manifest.name),
            "worker_api_endpoint": api,
            "cas_fast_slow_store": cas,
            "upload_action_result": { "ac_store": AC },
            "work_directory": work,
            "max_inflight_tasks": "${LRE_TASKS:-4}",
            // An action that asks for more is refused, and NativeLink's own limit is below Bazel's longest for tests.
            "max_action_timeout_s": "${LRE_ACTION_LIMIT:-1h}",
            "platform_properties": properties,
        },
    })
}

/// A value that NativeLink reads as it is: it replaces environment variables in strings.
fn unexpanded(value: &str) -> String {
    value.replace('$', "$$")
}

fn cache_services(cas: &str, read_only: bool) -> Value {
    let mut ac = json!({ "ac_store": AC });
    if read_only {
        ac["read_only"] = json!(true);
    }
    json!({
        "cas": instances(&json!({ "cas_store": cas })),
        "ac": instances(&ac),
        "bytestream": instances(&json!({ "cas_store": cas })),
        "capabilities": instances(&json!({})),
    })
}

/// A service for every instance name.
fn instances(service: &Value) -> Value {
    let named = |name: &&str| {
        let mut service = service.clone();
        service["instance_name"] = json!(name);
        service
    };
    INSTANCES.iter().map(named).collect()
}

fn server(address: &str, services: &Value) -> Value {
    json!({ "listener": { "http": { "socket_address": address } }, "services": services })
}

/// Without TLS also where there is some: a kubelet asks it, and it tells nothing.
fn health() -> Value {
    server(&any("LRE_HEALTH_LISTEN", port::HEALTH), &json!({ "health": {} }))
}

/// An address that a variable can replace.
fn any(variable: &str, port: u16) -> String {
    format!("${{{variable}:-0.0.0.0:{port}}}")
}
