"""Finding and reading a toolchain's manifest, `lre.json`."""

_SCHEMA = 1

# What a toolchain compiles: a key of its manifest, and the folder of the BUILD file that the leaf takes.
_KINDS = ["cc", "java"]

# What this module reads of it.
_KEYS = ["exec", "files", "image", "name", "storeRoots", "target"]

def locate_manifest(rctx, label):
    """Where a manifest is, watched whether it is there or not.

    A label of the root module is not resolved as a label: that would need a package, and would fail with a message of
    Bazel's where the folder was not generated yet.

    Args:
      rctx: the repository context.
      label: the manifest's label.

    Returns:
      A struct of `label` (as text, for messages), `file` (its path), `base` (the path of its repository), `folder`
      (its folder below `base`) and `is_root` (whether it is the root module's).
    """
    if label.repo_name:
        base = rctx.path(label).dirname
        for _ in label.package.split("/") if label.package else []:
            base = base.dirname
    else:
        base = rctx.workspace_root
    folder = label.package or "."
    file = base.get_child(label.package, label.name) if label.package else base.get_child(label.name)
    rctx.watch(file)
    return struct(
        label = str(label).replace("@@//", "//"),
        file = file,
        base = base,
        folder = folder,
        is_root = not label.repo_name,
    )

def read_manifest(rctx, located, name):
    """Reads a manifest.

    Args:
      rctx: the repository context.
      located: what `locate_manifest` returned.
      name: the name of the toolchain that it must be of.

    Returns:
      The decoded manifest. Fails unless it is of that toolchain and of the schema that this module reads.
    """
    hint = "hint: write it with `lre regen --env-json FILE --out {} --name {}`".format(located.folder, name)
    if not located.file.exists:
        fail("the manifest `{}` does not exist\n\n{}".format(located.label, hint))
    manifest = json.decode(rctx.read(located.file, watch = "no"), default = None)
    schema = manifest.get("schema") if type(manifest) == "dict" else None
    if type(schema) == "int" and schema > _SCHEMA:
        fail("error[LRE021]: `{}` is a manifest of schema {}, and this module reads schema {}\n\nhint: update `local-remote-execution` in `MODULE.bazel`".format(
            located.label,
            schema,
            _SCHEMA,
        ))
    if schema != _SCHEMA:
        fail("`{}` is no manifest of schema {}: its `schema` is `{}`\n\n{}".format(located.label, _SCHEMA, schema, hint))
    lacking = [key for key in _KEYS if key not in manifest]
    if lacking:
        fail("`{}` is no whole manifest: it lacks `{}`\n\n{}".format(located.label, "`, `".join(lacking), hint))
    if len([kind for kind in _KINDS if kind in manifest]) != 1:
        fail("`{}` is no whole manifest: it has to have one of `{}`\n\n{}".format(located.label, "`, `".join(_KINDS), hint))
    if manifest["name"] != name:
        fail("`{}` is the manifest of toolchain `{}`, but `lre.toolchain` names it `{}`\n\n{}".format(
            located.label,
            manifest["name"],
            name,
            hint,
        ))
    return manifest

def kind_of(manifest):
    """What a toolchain compiles: `cc` or `java`."""
    return [kind for kind in _KINDS if kind in manifest][0]
