# The two programs, from the workspace that they share.
#
# `go work vendor` fetches what both need, so that one hash serves both:
# vendor-hash, which `just vendor-hash` writes and a test holds against the
# sources. Unlike that of `go mod vendor` it stays the same while only the
# repository's own code changes.
{
  lib,
  go,
  buildGoModule,
  buildGo126Module ? buildGoModule,
  autoAddDriverRunpath,
}:
let
  # The line `const Version = "…"`.
  version = lib.head (
    lib.concatMap (
      line: lib.optionals (lib.hasPrefix "const Version = " line) (builtins.match ''.*"(.*)"'' line)
    ) (lib.splitString "\n" (lib.fileContents ../../pkg/schema/version.go))
  );

  # Nothing is fetched during a build, no Go either.
  build = if lib.versionAtLeast go.version "1.26" then buildGoModule else buildGo126Module;

  program =
    {
      name,
      folder,
      description,
      ...
    }@args:
    build (
      {
        pname = name;
        inherit version;

        src = lib.fileset.toSource {
          root = ../..;
          fileset = lib.fileset.unions [
            ../../agent
            ../../dashboard
            ../../deploy/examples
            ../../pkg
            ../../go.work
            ../../go.work.sum
          ];
        };

        # The tests of everything together have many dependencies of their own.
        # The derivation that fetches dependencies does this too.
        postPatch = ''
          go work edit -dropuse=./test
        '';

        vendorHash = lib.fileContents ./vendor-hash;
        overrideModAttrs = _: {
          buildPhase = ''
            runHook preBuild
            go work vendor
            runHook postBuild
          '';
        };

        subPackages = [ "${folder}/cmd/${name}" ];
        ldflags = [
          "-s"
          "-w"
        ];

        # The program's own tests and those of what it shares. What needs a
        # broker or a program that a build lacks skips itself; left out is what
        # needs the id of a machine, or the resolver of names.
        checkPhase = ''
          runHook preCheck
          export HOME=$TMPDIR
          go test -skip '^(TestInitPrintsAFileThatCheckTakes|TestNoBrokerExits69|TestConnectErrors)$' \
            ./${folder} ./${folder}/cmd/... ./pkg/config ./pkg/mqtt ./pkg/schema ./pkg/systemd
          runHook postCheck
        '';

        meta = {
          inherit description;
          license = lib.licenses.mit;
          mainProgram = name;
          platforms = lib.platforms.linux;
        };
      }
      // removeAttrs args [
        "name"
        "folder"
        "description"
      ]
    );
in
{
  systant-agent = program {
    name = "systant-agent";
    folder = "agent";
    description = "Agent that publishes a host's metrics by MQTT and runs what the host allows";

    # NVIDIA's library is loaded when it is there. The linker must leave its
    # functions alone until then, or the program does not start where it is not;
    # and the driver's folder has to be in the RUNPATH.
    nativeBuildInputs = [ autoAddDriverRunpath ];
    hardeningDisable = [ "bindnow" ];
    ldflags = [
      "-s"
      "-w"
      "-extldflags=-Wl,-z,lazy"
    ];
    # The library's header is full of deprecated names.
    env.CGO_CFLAGS = "-O2 -g -Wno-deprecated-declarations";
  };

  systant-dashboard = program {
    name = "systant-dashboard";
    folder = "dashboard";
    description = "Dashboard of a fleet of hosts that publish their metrics by MQTT";

    env.CGO_ENABLED = "0";
  };
}
