//! Tekton's documents, for which there is no schema here: every name that one part has for another exists.

use anyhow::Result;
use serde_json::Value;

/// Names that lead nowhere, in words.
pub(super) fn dangling(documents: &[Value]) -> Result<Vec<String>> {
    let find = |kind: &str| documents.iter().find(|document| document["kind"] == kind).cloned().unwrap_or_default();
    let (task, pipeline) = (find("Task"), find("Pipeline"));
    let (listener, template) = (find("EventListener"), find("TriggerTemplate"));
    let trigger = &listener["spec"]["triggers"][0];
    let run = &template["spec"]["resourcetemplates"][0];
    let call = &pipeline["spec"]["tasks"][0];
    let pairs = [
        ("the pipeline's task", &call["taskRef"]["name"], &task["metadata"]["name"]),
        ("the run's pipeline", &run["spec"]["pipelineRef"]["name"], &pipeline["metadata"]["name"]),
        ("the trigger's template", &trigger["template"]["ref"], &template["metadata"]["name"]),
        ("the trigger's binding", &trigger["bindings"][0]["ref"], &find("TriggerBinding")["metadata"]["name"]),
        (
            "the listener's account",
            &listener["spec"]["serviceAccountName"],
            &find("ServiceAccount")["metadata"]["name"],
        ),
    ];
    let mut found = Vec::new();
    for (what, name, target) in pairs {
        if !name.is_string() || name != target {
            found.push(format!("{what} is {name}, there is {target}"));
        }
    }
    for (what, given, taken) in [
        ("the task", &call["params"], &task["spec"]["params"]),
        ("the pipeline", &run["spec"]["params"], &pipeline["spec"]["params"]),
    ] {
        if names(given).is_empty() || names(given) != names(taken) {
            found.push(format!("{what} gets {:?} and takes {:?}", names(given), names(taken)));
        }
    }
    let script = task["spec"]["steps"][0]["script"].as_str().unwrap_or_default();
    if script.is_empty() || script.contains("$(params") {
        found.push("the task's script has a parameter in its text, which could be part of the script".to_owned());
    }
    Ok(found)
}

fn names(parameters: &Value) -> Vec<&str> {
    parameters.as_array().into_iter().flatten().filter_map(|parameter| parameter["name"].as_str()).collect()
}
