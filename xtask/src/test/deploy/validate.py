"""Prints the documents of YAML files as JSON, after those of Kubernetes itself were held against its schemas."""

import json
import sys

import kubernetes_validate
import yaml

VERSION = sys.argv[1]
# Kinds of others, for which the package has no schema.
FOREIGN = {"tekton.dev", "triggers.tekton.dev", "kind.x-k8s.io"}

documents = []
for file in sys.argv[2:]:
    with open(file, encoding="utf-8") as text:
        documents += [document for document in yaml.safe_load_all(text) if document]
for document in documents:
    if document["apiVersion"].split("/")[0] in FOREIGN:
        continue
    try:
        kubernetes_validate.validate(document, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        sys.exit(f"{document['kind']} {document['metadata']['name']}: {error.message}")
json.dump(documents, sys.stdout)
