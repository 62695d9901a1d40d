# Types of what stands in configuration files, and the form that addresses have
# there. What they let through may still be refused by a program's `check`.
{ lib }:
let
  inherit (lib) types;
in
{
  # Seconds, or what ParseDuration in pkg/config takes.
  duration =
    types.either types.ints.unsigned (
      types.strMatching "[0-9]+([.][0-9]+)?d?|([0-9]+([.][0-9]+)?(ns|us|ms|s|m|h))+"
    )
    // {
      description = "number of seconds, or text such as 90s, 1h30m or 7d";
    };

  # Bytes, or what Size in pkg/config takes.
  size =
    types.either types.ints.unsigned (types.strMatching "[0-9]+([.][0-9]+)? *([KMGT]iB|[kMGT]?B)?")
    // {
      description = "number of bytes, or text such as 10GiB";
    };

  # An address before which or behind which something else stands.
  bracket =
    address:
    if lib.hasInfix ":" address && !(lib.hasPrefix "[" address) then "[${address}]" else address;
}
