# services.systant.commands: what stands in the agent's configuration for each,
# and the rights that it needs outside of the agent's own sandbox. A command is
# one of three: a program that the agent runs as its own user; some units, on
# which systemd is asked to do one thing; or a script of root's, in a unit that
# can be started and nothing else.
{
  config,
  lib,
  user,
}:
let
  inherit (lib) mkOption types;

  systemctl = "${config.systemd.package}/bin/systemctl";

  # As systemd has them: systemd-escape(1) makes \x2d and the like.
  unitName = types.strMatching ''[A-Za-z0-9:_.@\-]+[.](service|socket|target|timer|path|mount)'';
  inherit (import ./types.nix { inherit lib; }) duration;

  # A value of a unit's setting, of which a list has several.
  scalar = types.oneOf [
    types.bool
    types.int
    types.str
    types.path
  ];
  optional =
    type: description:
    mkOption {
      type = types.nullOr type;
      default = null;
      inherit description;
    };

  parameter = types.submodule {
    options = {
      name = mkOption {
        type = types.str;
        description = "What `{name}` in an argument stands for.";
      };
      description = optional types.str "What it means, for people.";
      enum = optional (types.listOf types.str) "The values that it takes.";
      int = optional (types.listOf types.int) "The least and the greatest number that it takes.";
      match = optional types.str "The pattern that its text matches from end to end.";
      allow = optional types.str "Further characters that the text may hold.";
      default = optional types.str "Its value where a request leaves it out.";
      secret = mkOption {
        type = types.bool;
        default = false;
        description = "Whether to keep its value out of the audit log.";
      };
    };
  };

  type = types.submodule {
    options = {
      exec = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [
          "ping"
          "-c"
          "1"
          "--"
          "{host}"
        ];
        description = ''
          Program and arguments, without a shell, run by the agent as its own user
          and in its sandbox. A name without `/` is looked for among the system's
          programs.
        '';
      };
      units = mkOption {
        type = types.listOf unitName;
        default = [ ];
        example = [ "nginx.service" ];
        description = ''
          Units that a request may choose from; of a single one there is no choice.
          polkit lets the agent do `verb` with these and no others.
        '';
      };
      verb = mkOption {
        type = types.enum [
          "restart"
          "start"
          "stop"
          "reload"
        ];
        default = "restart";
        description = "What is done with the unit.";
      };
      script = mkOption {
        type = types.lines;
        default = "";
        example = "systemctl restart 'podman-*.service'";
        description = ''
          Script of a unit of its own, `systant-cmd-NAME.service`, which runs as
          root. A request can start it, and pass it nothing. Its output is in the
          journal; the answer says whether it worked.
        '';
      };
      path = mkOption {
        type = types.listOf types.package;
        default = [ ];
        description = "Packages whose programs the script finds by name, before the system's.";
      };
      hardened = mkOption {
        type = types.bool;
        default = true;
        description = ''
          Whether the script's unit is kept from all that most scripts need not:
          writing outside of /tmp, capabilities, devices, and more. Without
          capabilities, root can read and change no files of others. What changes
          the system, such as nixos-rebuild or nix-collect-garbage, can't be.
        '';
      };
      serviceConfig = mkOption {
        type = types.attrsOf (types.either scalar (types.listOf scalar));
        default = { };
        example = {
          ReadWritePaths = [ "/srv" ];
        };
        description = "Settings of the script's unit, in the place of those that it has.";
      };
      description = optional types.singleLineStr "What it does, for people.";
      params = mkOption {
        type = types.listOf parameter;
        default = [ ];
        description = "Parameters of `exec`, each with one of `enum`, `int` and `match`.";
      };
      timeout = optional duration "After what time it is killed; a script goes on without anybody waiting.";
      cooldown = optional duration "Least time between the end of a run and the next start.";
      confirm = mkOption {
        type = types.bool;
        default = false;
        description = "Whether user interfaces ask first.";
      };
      requireSignature = mkOption {
        type = types.bool;
        default = false;
        description = "Whether to refuse requests that are not signed.";
      };
      homeassistant = mkOption {
        type = types.bool;
        default = false;
        description = "Whether Home Assistant gets a button for it.";
      };
    };
  };

  scriptUnit = name: "systant-cmd-${name}.service";
  known = lib.filterAttrs (_: value: value != null);
  systemctlOf = verb: [
    systemctl
    "--no-ask-password"
    verb
    "--"
  ];

  # What the agent runs, and with which parameters.
  call =
    name: command:
    if command.script != "" then
      { command = systemctlOf "start" ++ [ (scriptUnit name) ]; }
    else if lib.length command.units == 1 then
      { command = systemctlOf command.verb ++ command.units; }
    else if command.units != [ ] then
      {
        command = systemctlOf command.verb ++ [ "{unit}" ];
        params = [
          {
            name = "unit";
            enum = command.units;
          }
        ];
      }
    else
      {
        command = command.exec;
        params = map known command.params;
      };

  # What is wrong with a command, or "".
  problem =
    name: command:
    let
      ways = lib.count (way: way) [
        (command.exec != [ ])
        (command.units != [ ])
        (command.script != "")
      ];
    in
    if builtins.match "[a-z0-9_-]{1,63}" name == null || name == "list" then
      "a name has 1 to 63 of a-z, 0-9, _ and -, and is not list."
    else if ways != 1 then
      "needs one of exec, units and script."
    else if command.params != [ ] && command.exec == [ ] then
      "params are those of exec; units has its own, and a script none."
    else if (command.path != [ ] || command.serviceConfig != { }) && command.script == "" then
      "path and serviceConfig are those of a script."
    else
      "";

  # The requests to systemd that the agent may make, as "verb unit".
  rights =
    commands:
    lib.unique (
      lib.concatLists (
        lib.mapAttrsToList (
          name: command:
          lib.optional (command.script != "") "start ${scriptUnit name}"
          ++ map (unit: "${command.verb} ${unit}") command.units
        ) commands
      )
    );
in
{
  inherit type rights;

  # One entry of [[commands.available]].
  available =
    name: command:
    {
      trigger = name;
      inherit (command) confirm homeassistant;
      require_signature = command.requireSignature;
    }
    // known { inherit (command) description timeout cooldown; }
    // call name command;

  assertion = name: command: {
    assertion = problem name command == "";
    message = "services.systant.commands.${name}: ${problem name command}";
  };

  # The rule that grants these requests.
  polkit = commands: ''
    // What Systant's commands ask systemd for, and nothing else.
    polkit.addRule(function (action, subject) {
      if (action.id != "org.freedesktop.systemd1.manage-units" || subject.user != ${builtins.toJSON user}) {
        return polkit.Result.NOT_HANDLED;
      }
      var allowed = ${builtins.toJSON (rights commands)};
      var asked = action.lookup("verb") + " " + action.lookup("unit");
      return allowed.indexOf(asked) >= 0 ? polkit.Result.YES : polkit.Result.NO;
    });
  '';

  # The units of the scripts. They start only when asked for, and a switch of the
  # system, which one of them may be doing, leaves them alone.
  services =
    commands:
    lib.mapAttrs' (
      name: command:
      lib.nameValuePair (lib.removeSuffix ".service" (scriptUnit name)) {
        description =
          if command.description == null then
            "Systant command ${name}"
          else
            lib.replaceStrings [ "%" ] [ "%%" ] command.description;
        restartIfChanged = false;
        stopIfChanged = false;
        unitConfig.X-StopOnRemoval = false;
        # What nixos-rebuild needs, as system.autoUpgrade gives it.
        environment = lib.optionalAttrs (!command.hardened) (
          config.nix.envVars
          // lib.filterAttrs (name: _: name == "NIX_PATH") config.environment.sessionVariables
          // {
            HOME = "/root";
          }
          // config.networking.proxy.envVars
        );
        inherit (command) script;
        # Behind its own packages, what a command that the agent runs finds too.
        path = command.path ++ [ "/run/current-system/sw" ];
        serviceConfig = {
          Type = "oneshot";
        }
        // lib.optionalAttrs command.hardened (
          import ./hardening.nix
          // {
            PrivateDevices = true;
            ProtectControlGroups = true;
            ProtectHome = true;
            RestrictAddressFamilies = [
              "AF_INET"
              "AF_INET6"
              "AF_UNIX"
            ];
            RestrictNamespaces = true;
          }
        )
        // command.serviceConfig;
      }
    ) (lib.filterAttrs (_: command: command.script != "") commands);
}
