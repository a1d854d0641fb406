# Cache and executor in `lre.bazelrc`, as `helper/src/bazelrc/remote.rs` has them; a test runs both.
#
# { prefix, remote } -> { sections = [ { reason; flags = [ "COMMAND FLAG" ]; } ]; }, or { problem; hint; }.
{
  prefix,
  # { cache, executor, instance, ciCache, credentialHelper, tlsCertificate, tlsClientCertificate, tlsClientKey }, each of
  # them a string or null, or left out.
  remote,
}:
let
  isPlain = import ./is-plain.nix;
  get = name: remote.${name} or null;
  has = name: get name != null;
  unknown = removeAttrs remote [
    "cache"
    "executor"
    "instance"
    "ciCache"
    "credentialHelper"
    "tlsCertificate"
    "tlsClientCertificate"
    "tlsClientKey"
  ];

  # A problem of an address, or null.
  label = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?";
  host = "(${label}([.]${label})*|[[][0-9A-Fa-f:.]+])";
  path = "[A-Za-z0-9._~/-]";
  parse =
    name: role: takesHttp:
    let
      text = builtins.unsafeDiscardStringContext (get name);
      socket = builtins.match "unix:/${path}+" text != null;
      # Scheme, host, …, port with its colon, port, path.
      network = builtins.match "(grpcs?|https?)://${host}(:([0-9]{1,5}))?(/${path}*)?" text;
      scheme = builtins.head network;
      port = builtins.elemAt network 6;
      isHttp = builtins.substring 0 4 scheme == "http";
      isNumber =
        port == null
        || (
          let
            digits = builtins.head (builtins.match "0*([0-9]*)" port);
          in
          digits != "" && builtins.fromJSON digits <= 65535
        );
      isAddress =
        socket
        || (
          network != null
          && (takesHttp || !isHttp)
          && isNumber
          && (isHttp || builtins.elemAt network 7 == null)
        );
      expected =
        if takesHttp then
          "`grpc[s]://HOST[:PORT]`, `http[s]://HOST[:PORT][/PATH]` or `unix:/PATH`"
        else
          "`grpc[s]://HOST[:PORT]` or `unix:/PATH`";
    in
    if !has name then
      null
    else if builtins.match "[^@?]*" text == null then
      {
        problem = "the address of the ${role} has a user name, a password or a query in it: no secret belongs into an rc file";
        hint = "name the server alone, and with `remote.credentialHelper` a program that prints the headers";
      }
    else if !isAddress then
      {
        problem = "`${text}` is no address of a ${role}: expected ${expected}";
        hint = "see the documentation of Bazel's flag";
      }
    else
      {
        inherit socket text;
        isHttp = !socket && isHttp;
        tlsHost =
          if !socket && (scheme == "grpcs" || scheme == "https") then builtins.elemAt network 1 else null;
      };
  cache = parse "cache" "remote cache" true;
  executor = parse "executor" "remote executor" false;
  ciCache = parse "ciCache" "remote cache of CI" true;
  isThere = address: address != null;
  caches = builtins.filter isThere [
    cache
    ciCache
  ];
  addresses = caches ++ builtins.filter isThere [ executor ];
  problems = builtins.filter (address: address ? problem) (
    builtins.filter isThere [
      cache
      executor
      ciCache
    ]
  );
  httpCaches = builtins.filter (address: address.isHttp) caches;

  part = "[A-Za-z0-9._~+:-]+";
  reserved = [
    "blobs"
    "uploads"
    "actions"
    "actionResults"
    "operations"
    "capabilities"
    "compressed-blobs"
  ];
  isInstance =
    name:
    builtins.match "${part}(/${part})*" name != null
    && builtins.all (part: !builtins.elem part reserved) (
      builtins.filter builtins.isString (builtins.split "/" name)
    );

  things = {
    ciCache = "the address of CI's cache";
    instance = "the name of an instance";
    credentialHelper = "the credential helper";
    tlsCertificate = "the TLS certificate";
    tlsClientCertificate = "the TLS client certificate";
    tlsClientKey = "the TLS client key";
  };
  tlsFiles = [
    "tlsCertificate"
    "tlsClientCertificate"
    "tlsClientKey"
  ];
  lonely =
    (if has "ciCache" && !has "cache" then [ "ciCache" ] else [ ])
    ++ builtins.filter (name: has name && addresses == [ ]) (
      [
        "instance"
        "credentialHelper"
      ]
      ++ tlsFiles
    );

  isAbsolute = path: isPlain path && builtins.substring 0 1 path == "/";
  helper = get "credentialHelper";
  # What follows `%workspace%`, if that is there.
  helperPath =
    if builtins.substring 0 11 helper == "%workspace%" then
      builtins.substring 11 (builtins.stringLength helper) helper
    else
      helper;
  hosts = builtins.foldl' (
    all: address:
    if address.tlsHost == null || builtins.elem address.tlsHost all then all else all ++ [ address.tlsHost ]
  ) [ ] addresses;
  open = builtins.filter (address: address.tlsHost == null && !address.socket) addresses;
  unencrypted = if open == [ ] && hosts == [ ] then addresses else open;
  unscoped = builtins.filter (host: builtins.match "[^[]*[.].*" host == null) hosts;
  badPath = name: start: {
    problem = "`${get name}` is no usable path of ${things.${name}}: it must ${start}, without white space, quotes, `\\`, `#` and `%`";
    hint = "name a file that every machine has at this place";
  };
  badTlsFiles = builtins.filter (name: has name && !isAbsolute (get name)) tlsFiles;
  useTls = "name an address with `grpcs://` or `https://`";

  main = if prefix == null then "build" else "build:${prefix}";
  ci = "${if prefix == null then "lre" else prefix}-ci";
  named =
    flags:
    builtins.concatMap (
      { flag, name }: if has name then [ "${main} --${flag}=${get name}" ] else [ ]
    ) flags;
  tlsFlags = named [
    {
      flag = "tls_certificate";
      name = "tlsCertificate";
    }
    {
      flag = "tls_client_certificate";
      name = "tlsClientCertificate";
    }
    {
      flag = "tls_client_key";
      name = "tlsClientKey";
    }
  ];
  sections = [
    {
      reason = "The cache, and the service that runs actions.";
      flags = named [
        {
          flag = "remote_cache";
          name = "cache";
        }
        {
          flag = "remote_executor";
          name = "executor";
        }
        {
          flag = "remote_instance_name";
          name = "instance";
        }
      ];
    }
  ]
  ++ (
    if helper == null then
      [ ]
    else
      [
        {
          reason = "A program prints the headers with credentials, for these hosts alone. No secret is in this file.";
          flags = map (host: "${main} --credential_helper=${host}=${helper}") hosts;
        }
      ]
  )
  ++ (
    if tlsFlags == [ ] then
      [ ]
    else
      [
        {
          reason = "Whom Bazel trusts, and how it shows who it is: files of this machine.";
          flags = tlsFlags;
        }
      ]
  )
  ++ [
    {
      reason = ''
        What this machine builds itself stays here: only CI, with `--config=${ci}`, writes into the cache. The server has
        # to refuse others, see docs/security.md.'';
      flags = [
        "${main} --noremote_upload_local_results"
      ]
      ++ (if prefix == null then [ ] else [ "common:${ci} --config=${prefix}" ])
      ++ (if has "ciCache" then [ "build:${ci} --remote_cache=${get "ciCache"}" ] else [ ])
      ++ [ "build:${ci} --remote_upload_local_results" ];
    }
  ];
in
if unknown != { } then
  {
    problem = "`remote.${builtins.head (builtins.attrNames unknown)}` is no setting";
    hint = "headers with credentials come from the program that `remote.credentialHelper` names";
  }
else if problems != [ ] then
  builtins.head problems
else if httpCaches != [ ] && executor != null then
  {
    problem = "`${(builtins.head httpCaches).text}` is a cache over HTTP, with which Bazel executes nothing remotely";
    hint = "name the cache's gRPC address";
  }
else if has "instance" && !isInstance (get "instance") then
  {
    problem = "`${get "instance"}` is no name of an instance: expected letters, digits, `.`, `_`, `~`, `+`, `-`, `:` and `/`, and no part that the protocol uses itself, such as `blobs`";
    hint = "leave it out for the server's default instance";
  }
else if lonely != [ ] then
  {
    problem = "${things.${builtins.head lonely}} is of no use without the address of a remote cache";
    hint = "set `remote.cache`";
  }
else if has "credentialHelper" && !isAbsolute helperPath then
  badPath "credentialHelper" "be absolute or start with `%workspace%/`"
else if has "credentialHelper" && unencrypted != [ ] then
  {
    problem = "credentials would go to `${(builtins.head unencrypted).text}` unencrypted";
    hint = useTls;
  }
else if has "credentialHelper" && unscoped != [ ] then
  {
    problem = "Bazel asks no credential helper for the host `${builtins.head unscoped}`: expected a name with a dot in it";
    hint = "name the server by its full name";
  }
else if badTlsFiles != [ ] then
  badPath (builtins.head badTlsFiles) "be absolute"
else if has "tlsClientKey" && builtins.match "/nix/store/.*" (get "tlsClientKey") != null then
  {
    problem = "the TLS client key `${get "tlsClientKey"}` is in the store, where every user of the machine reads it";
    hint = "name a file outside of the store that its user alone can read";
  }
else if has "tlsClientCertificate" != has "tlsClientKey" then
  {
    problem = "a TLS client certificate and its key are named together or not at all";
    hint = "set both `remote.tlsClientCertificate` and `remote.tlsClientKey`";
  }
else if builtins.any has tlsFiles && hosts == [ ] then
  {
    problem = "TLS files are of no use for addresses without TLS";
    hint = useTls;
  }
else
  { sections = if addresses == [ ] then [ ] else sections; }
