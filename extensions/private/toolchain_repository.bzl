"""The leaf: one generated toolchain, checked against this machine while it is fetched."""

load(":find_helper.bzl", "find_helper")

def _toolchain_repository_impl(rctx):
    manifest = rctx.path(rctx.attr.manifest)
    directory = manifest.dirname
    decoded = json.decode(rctx.read(manifest))

    # Present or absent: a toolchain that is garbage-collected, or comes back, is checked again at the next build.
    for root in decoded.get("storeRoots", []):
        rctx.watch(root["path"])
    for file in decoded.get("files", {}):
        rctx.watch(_child(directory, file))

    if rctx.getenv("LRE_LOCAL") == "off":
        # buildifier: disable=print
        print("LRE_LOCAL=off: `{}` is not checked on this machine; build remotely only".format(rctx.name))
    else:
        _check(rctx, directory)

    # The generated files themselves, so that two machines have the same repository.
    rctx.file("cc/BUILD", rctx.read(_child(directory, "cc/BUILD")), executable = False)

def _check(rctx, directory):
    helper = find_helper(rctx, rctx.attr.helper, rctx.attr._release)
    result = rctx.execute([helper, "check", directory], timeout = 120)
    if result.return_code:
        fail("`@{}`, chosen by {}, is not the toolchain of this machine (`{} check {}`: exit {})\n\n{}{}".format(
            rctx.name.split("~")[-1].split("+")[-1],
            rctx.attr.module,
            helper,
            directory,
            result.return_code,
            result.stdout,
            result.stderr,
        ))

def _child(directory, relative):
    return directory.get_child(*relative.split("/"))

toolchain_repository = repository_rule(
    doc = "Checks a generated toolchain with `lre check` and copies its BUILD files. Never reproducible: the result " +
          "depends on this machine's store.",
    implementation = _toolchain_repository_impl,
    attrs = {
        "helper": attr.string(doc = "Path of `lre`. Empty: `LRE_HELPER`, then the published release."),
        "manifest": attr.label(doc = "The toolchain's `lre.json`. Has no default.", mandatory = True),
        "module": attr.string(doc = "The module that chose the manifest, for messages. Has no default.", mandatory = True),
        "_release": attr.label(default = "//helper:release.json"),
    },
)
