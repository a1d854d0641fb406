"""Which module's tags count."""

_TAKEN = ["helper", "manifests", "toolchains"]

def choose_toolchains(modules, own_module):
    """Puts the root module's `toolchain` tags over those of this module.

    Args:
      modules: `mctx.modules`.
      own_module: the name of the module that defines the extension.

    Returns:
      A dictionary, in the order of the root module's tags and then of this module's, from each toolchain's name to a
      struct of `name`, `manifest`, `config` (the package of its platform and its constraint, as text), `on_missing`,
      `register`, `tag`, `chooser` (the module whose tag counts), `replaced` (whether that is not this module, though it
      has the toolchain too) and `imported` (whether the root module needs the repository in its own `use_repo`).
    """
    own = {}
    root = {}
    root_name = None
    for module in modules:
        if module.name == own_module:
            own = _by_name(module)
        if module.is_root:
            root = _by_name(module)
            root_name = module.name
    chosen = {}
    for name in list(root) + [name for name in own if name not in root]:
        is_foreign = name in root and root_name != own_module
        tag = root[name] if is_foreign else own[name]
        manifest = tag.manifest or (own[name].manifest if name in own else None)
        if not manifest:
            fail("`lre.toolchain` names `{0}` without a `manifest`\n\nhint: write one with `lre regen --env-json FILE --out lre-{0} --name {0}` and name it with `manifest = \"//lre-{0}:lre.json\"`".format(name))
        chosen[name] = struct(
            name = name,
            manifest = manifest,
            # Flags name this module's own folder whatever the manifest; the root module may not even have a package.
            config = _config(own[name].manifest if name in own else manifest),
            on_missing = tag.on_missing,
            register = tag.register,
            tag = tag,
            chooser = (root_name or "<root>") if is_foreign else own_module,
            replaced = is_foreign and name in own and bool(tag.manifest) and tag.manifest != own[name].manifest,
            # This module's own flags name the repositories of its own toolchains: no other module has to see them.
            imported = name not in own or root_name == own_module,
        )
    return chosen

def ignored_tags(modules, own_module):
    """What other modules than the root module ask for in vain.

    Args:
      modules: `mctx.modules`.
      own_module: the name of the module that defines the extension.

    Returns:
      A struct of `toolchains` (a dictionary from each toolchain's name to the first module that names it) and `said` (one
      line for the user, empty where nothing is ignored).
    """
    toolchains = {}
    tags = []
    for module in modules:
        if module.is_root or module.name == own_module:
            continue
        for tag in module.tags.toolchain:
            tags.append("`lre.toolchain(name = \"{}\")` of module `{}`".format(tag.name, module.name))
            if _is_repository_suffix(tag.name) and tag.name not in _TAKEN:
                toolchains.setdefault(tag.name, module.name)
        if module.tags.helper:
            tags.append("`lre.helper` of module `{}`".format(module.name))
        if module.tags.pin:
            tags.append("`lre.pin` of module `{}`".format(module.name))
    said = "the root module alone chooses toolchains, pins and their helper; without effect: " + ", ".join(tags) if tags else ""
    return struct(said = said, toolchains = toolchains)

def choose_helper(modules):
    """The path in the root module's `helper` tag.

    Args:
      modules: `mctx.modules`.

    Returns:
      The path as written, or an empty string where the root module has no such tag.
    """
    paths = [tag.path for module in modules if module.is_root for tag in module.tags.helper]
    if len(paths) > 1:
        fail("`lre.helper` is given {} times, as `{}`\n\nhint: keep one of them".format(len(paths), "` and `".join(paths)))
    if paths == [""]:
        fail("`lre.helper` has an empty `path`\n\nhint: name the `lre` program, or remove the tag")
    return paths[0] if paths else ""

# What is compared where the root module has no `pin` tag.
_DEFAULT_PIN = struct(flake_lock = "flake.lock", input = "local-remote-execution", module_file = "MODULE.bazel")

def choose_pin(modules):
    """The root module's `pin` tag.

    Args:
      modules: `mctx.modules`.

    Returns:
      The tag, or what stands for it where the root module has none: `flake_lock`, `input` and `module_file`.
    """
    tags = [tag for module in modules if module.is_root for tag in module.tags.pin]
    if len(tags) > 1:
        fail("`lre.pin` is given {} times, for `{}`\n\nhint: keep one of them".format(
            len(tags),
            "` and `".join([tag.flake_lock for tag in tags]),
        ))
    pin = tags[0] if tags else _DEFAULT_PIN
    for attribute in ["flake_lock", "module_file"]:
        path = getattr(pin, attribute)
        plain = path.removeprefix("//").replace(":", "/").removeprefix("/")
        if path != plain or not path or ".." in path.split("/"):
            fail("`lre.pin` has the `{}` `{}`, which is no path below the root workspace\n\nhint: write `{}`".format(
                attribute,
                path,
                plain if plain and ".." not in plain.split("/") else getattr(_DEFAULT_PIN, attribute),
            ))
    if not pin.input:
        fail("`lre.pin` has an empty `input`\n\nhint: name the flake input, or remove the attribute")
    return pin

def _by_name(module):
    tags = {}
    for tag in module.tags.toolchain:
        if tag.name in tags:
            fail("`lre.toolchain` names `{}` twice, with the manifests `{}` and `{}`\n\nhint: keep one of them".format(
                tag.name,
                tags[tag.name].manifest,
                tag.manifest,
            ))
        if not _is_repository_suffix(tag.name):
            fail(("`lre.toolchain` names `{}`, which cannot name a repository: expected a lower-case letter, then " +
                  "lower-case letters, digits and `_`").format(tag.name))
        if tag.name in _TAKEN:
            fail("`lre.toolchain` names `{0}`, but `@lre_{0}` is another repository of this extension".format(tag.name))
        _require_manifest_label(tag)
        tags[tag.name] = tag
    return tags

def _require_manifest_label(tag):
    """A file's path in place of a label resolves to something else, of which nothing useful can be said."""
    if not tag.manifest or ("/" not in tag.manifest.name and not tag.manifest.package.endswith(".json")):
        return
    path = tag.manifest.name if "/" in tag.manifest.name else tag.manifest.package
    folder, _, file = path.rpartition("/")
    fail("`lre.toolchain` names `{}` with the manifest `{}`, which is a path and not a label\n\nhint: write `//{}:{}`".format(
        tag.name,
        path,
        folder,
        file,
    ))

def _config(manifest):
    package = manifest.package + "/config" if manifest.package else "config"
    return "@@{}//{}".format(manifest.repo_name, package)

def _is_repository_suffix(name):
    letters = "abcdefghijklmnopqrstuvwxyz"
    return name and name[0] in letters and all([character in letters + "0123456789_" for character in name.elems()])
