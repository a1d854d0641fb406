"""Running `lre check`, whatever the program that was named turns out to be."""

load("//extensions/private:helper.bzl", "HELPER_HINT", "named_helper")
load("//extensions/private:system.bzl", "host_system")

# Checking takes milliseconds; this is for a store on a network file system that does not answer.
_TIME_LIMIT_SECONDS = 60

# What `lre check --confirm` prints: a program that merely ends with 0 has checked nothing.
_CLEAN = "lre check: clean"

# How much is quoted of a program that prints anything.
_LINES = 10

# What `lre` says too. A program for this machine may not exist, so it is not asked.
_OTHER_SYSTEM = """error[LRE020]: toolchain `{0}` runs on `{1}`, and this machine is `{2}`
  `exec` in `lre.json` says `{1}`

hint: build remotely only, with `--repo_env=LRE_LOCAL=off` or `on_missing = "remote_only"`"""

# How it lists what it read of the root workspace.
_READ = "lre check: read "

def check_toolchain(rctx, located, manifest, helper, pins):
    """Checks a toolchain on this machine.

    Args:
      rctx: the repository context.
      located: what `locate_manifest` returned.
      manifest: what `read_manifest` returned.
      helper: the path in the root module's `lre.helper` tag, or an empty string.
      pins: arguments that say which files of the root workspace are compared with the manifest.

    Returns:
      A struct of `findings` (as the program printed them; empty where all is well), `notes` (what was not compared, if all
      is well) and `read` (the files that were read, below the root workspace). Fails where it cannot be checked.
    """
    host = host_system(rctx)
    system = manifest["exec"]["system"]
    if system != host:
        return _checked(findings = _OTHER_SYSTEM.format(manifest["name"], system, host))

    # A program that was named is not taken from `@lre_helper`: were it gone, `LRE_LOCAL=off` would fail because Bazel
    # looks at what the last fetch used. Only the published release lives there.
    program = named_helper(rctx, helper) or rctx.path(Label("@lre_helper//:lre"))

    # From the repository's own folder, so that messages name the toolchain's folder as its user does.
    result = rctx.execute(
        [program, "check", "--confirm", located.folder] + pins,
        timeout = _TIME_LIMIT_SECONDS,
        working_directory = str(located.base),
    )

    # `lre` ends with 0 and says so, or with 1 and findings, or with 2 and why it cannot check.
    said = result.stderr.strip()
    lines = result.stdout.strip().split("\n")
    read = [line.removeprefix(_READ) for line in lines if line.startswith(_READ)]
    if result.return_code == 0 and lines[-1] == _CLEAN and len(lines) == len(read) + 1:
        return _checked(notes = said, read = read)
    if result.return_code == 1 and said.startswith("error"):
        return _checked(findings = said, read = read)
    command = "`{} check {}`".format(program, located.folder)
    if result.return_code == 2 and "\nUsage: " in said:
        fail("{} is refused: the program is of another version, or is not `lre`\n{}{}".format(command, said, HELPER_HINT))
    if result.return_code == 2 and said.startswith("error"):
        fail("{} cannot check the toolchain `{}`\n{}".format(command, manifest["name"], said))
    fail("{} did not check the toolchain `{}`: {}{}".format(command, manifest["name"], _ending(result), HELPER_HINT))

def _checked(findings = "", notes = "", read = []):
    return struct(findings = findings, notes = notes, read = read)

def _ending(result):
    """How a program ended that did not do what `lre check` does."""
    code = result.return_code
    if code == 256 and result.stderr == "Timed out":
        return "it did not end within {} seconds".format(_TIME_LIMIT_SECONDS)
    ended = "it was ended by signal {}".format(code - 128) if code > 128 and code < 256 else "it ended with {}".format(code)
    lines = [line for line in (result.stdout + "\n" + result.stderr).split("\n") if line.strip()]
    if not lines:
        return ended + " and printed nothing"
    more = ["  …"] if len(lines) > _LINES else []
    return "\n".join([ended + " and printed"] + ["  " + line for line in lines[:_LINES]] + more)
