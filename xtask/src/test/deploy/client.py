"""Calls a deployment as each of its clients, and prints what each is told.

Arguments: the folder of certificates, then the ports of cache, read-only cache, scheduler and workers, then the platform that
workers offer, as NAME=VALUE.
"""

import hashlib
import sys

import grpc
from buildgrid._protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as api
from buildgrid._protos.build.bazel.remote.execution.v2 import remote_execution_pb2_grpc as stubs

FOLDER = sys.argv[1]
CACHE, READ_ONLY, SCHEDULER, WORKERS = sys.argv[2:6]
PLATFORM = [property.split("=", 1) for property in sys.argv[6:]]
SECONDS = 60


def read(name):
    with open(f"{FOLDER}/{name}", "rb") as file:
        return file.read()


def channel(client, port):
    identity = {}
    if client != "nobody":
        identity = {"private_key": read(f"{client}.key"), "certificate_chain": read(f"{client}.pem")}
    credentials = grpc.ssl_channel_credentials(root_certificates=read("own/ca.crt"), **identity)
    return grpc.secure_channel(f"127.0.0.1:{port}", credentials)


def digest(data):
    return api.Digest(hash=hashlib.sha256(data).hexdigest(), size_bytes=len(data))


def say(what, call):
    try:
        print(f"{what}: {call() or 'OK'}")
    except grpc.RpcError as error:
        print(f"{what}: {error.code().name}")


def look_up(client, port, action):
    request = api.GetActionResultRequest(instance_name="main", action_digest=action)
    stubs.ActionCacheStub(channel(client, port)).GetActionResult(request, timeout=SECONDS)


def write(client, port, action):
    result = api.ActionResult(exit_code=0, stdout_raw=b"made up")
    request = api.UpdateActionResultRequest(instance_name="main", action_digest=action, action_result=result)
    stubs.ActionCacheStub(channel(client, port)).UpdateActionResult(request, timeout=SECONDS)


def capabilities(client, port):
    request = api.GetCapabilitiesRequest(instance_name="main")
    stubs.CapabilitiesStub(channel(client, port)).GetCapabilities(request, timeout=SECONDS)


def execute(client, action, blobs):
    update = api.BatchUpdateBlobsRequest(instance_name="main")
    for blob in blobs:
        update.requests.add(digest=digest(blob), data=blob)
    stubs.ContentAddressableStorageStub(channel(client, READ_ONLY)).BatchUpdateBlobs(update, timeout=SECONDS)
    request = api.ExecuteRequest(instance_name="main", action_digest=action)
    response = api.ExecuteResponse()
    for operation in stubs.ExecutionStub(channel(client, SCHEDULER)).Execute(request, timeout=SECONDS):
        if operation.done:
            operation.response.Unpack(response)
    return f"exit {response.result.exit_code}, code {response.status.code}"


WRITTEN, INTRUDED, RAN = digest(b"written"), digest(b"intruded"), None
say("CI writes a result", lambda: write("ci", CACHE, WRITTEN))
say("a developer looks it up", lambda: look_up("developer", READ_ONLY, WRITTEN))
say("a developer writes a result at the port for developers", lambda: write("developer", READ_ONLY, INTRUDED))
say("a developer writes a result at the port for CI", lambda: write("developer", CACHE, INTRUDED))
say("CI writes a result at the port for developers", lambda: write("ci", READ_ONLY, INTRUDED))
say("that result", lambda: look_up("ci", CACHE, INTRUDED))
for name, port in [("cache", CACHE), ("read-only cache", READ_ONLY), ("scheduler", SCHEDULER), ("workers", WORKERS)]:
    say(f"nobody at the port of the {name}", lambda port=port: capabilities("nobody", port))
say("a developer at the port of the workers", lambda: capabilities("developer", WORKERS))
say("CI at the port of the workers", lambda: capabilities("ci", WORKERS))

platform = api.Platform()
for name, value in sorted(PLATFORM):
    platform.properties.add(name=name, value=value)
command = api.Command(arguments=["/bin/sh", "-c", "echo ran"], platform=platform).SerializeToString()
root = api.Directory().SerializeToString()
action = api.Action(command_digest=digest(command), input_root_digest=digest(root), platform=platform).SerializeToString()
say("a developer's action", lambda: execute("developer", digest(action), [command, root, action]))
say("its result", lambda: look_up("developer", READ_ONLY, digest(action)))
