"""Finds the binary `lre`: the tag, then the environment, then the published release."""

def find_helper(rctx, tag, release):
    """Returns the path of `lre`; fails with the remedies if there is none.

    Args:
        rctx: the repository context.
        tag: path from `lre.helper(path = …)`, or an empty string.
        release: label of `release.json`, which names the last published release.

    Returns:
        A path.
    """
    for source, value in [("`lre.helper(path = …)`", tag), ("`LRE_HELPER`", rctx.getenv("LRE_HELPER") or "")]:
        if not value:
            continue
        if not value.startswith("/"):
            fail("{} names `{}`, and it takes an absolute path".format(source, value))
        path = rctx.path(value)
        if not path.exists:
            fail("{} names `{}`, and there is no such file".format(source, value))
        return path
    return _download(rctx, json.decode(rctx.read(rctx.path(release))))

def _download(rctx, release):
    platform = "{}-{}".format(rctx.os.arch, rctx.os.name).replace("amd64", "x86_64").replace("mac os x", "darwin")
    binary = release["binaries"].get(platform)
    if not binary:
        fail(_NO_HELPER.format(
            platform = platform,
            version = release["version"] or "none yet",
        ))
    rctx.download(
        executable = True,
        output = "lre",
        sha256 = binary["sha256"],
        url = binary["url"],
    )
    return rctx.path("lre")

_NO_HELPER = """no `lre` for {platform} (published release: {version})

hint: build it with `cargo build --release --package lre` in a checkout, then either
  let `lre bazelrc --helper /path/to/lre …` write your lre.bazelrc (it sets LRE_HELPER), or
  add `lre.helper(path = "/path/to/lre")` to your MODULE.bazel
"""
