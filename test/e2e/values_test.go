package e2e

import (
	"strings"
)

// hostileValues are parameters that some program, somewhere, has taken for more
// than text.
var hostileValues = []string{
	"", " ", "-", "--", "-rf", "--now", "--help", "-o", "/", "../x", "..", "a/../b", "/etc/passwd", "~root", "~", "*", "?", "[a]", "{a,b}", "!", "!!",
	"a b", "a\tb", "a\nb", "a\r\nb", "\n", "a\n-rf", "a;id", ";id", "a&&id", "a&id", "a||id", "a|id", "$(id)", "`id`", "${IFS}", "$HOME", "$1", "$IFS$9id",
	"a>b", "a<b", ">/tmp/x", "#", "a#b", "%00", "%0a", "%n%n", "\\", "\\n", "\\x00", "'", "\"", "a'b", `a"b`, "'; id #", `"; id #`, "a=b", "A=b", "a,b", "a+b", "(id)", "{id}", "{text}", "{{7*7}}", "<script>", "&lt;",
	"\u0430bc", "\u202eabc", "\u2013rf", "\u2212rf", "\uff0drf", "\uff5cid", "\uff1bid", "\uff04(id)", "caf\u00e9", "\u200b", "\ufeffx", "\U0001f4a9", "\u0000", "a\u0000b", "\u0001", "\u001b[31m", "\u0007", "\u007f", "\u0085", "\u2028", "\ufffd",
	strings.Repeat("a", 129), strings.Repeat("a", 5000), strings.Repeat("../", 40), "nginx;id", "nginx.service;reboot", "nginx.service ", " nginx.service", "nginx.service\n", "NGINX.SERVICE", "nginx*", "nginx.servic\u0435",
	"+5", "05", "5.0", "5e0", "0x5", "5 ", " 5", "5;id", "٥", "9223372036854775808", "-9223372036854775809", "99", "0", "-1", "1_0", "NaN",
}

// harmless tells whether a value is one that a command is there for: "match"
// takes all that is not refused before any pattern is looked at.
func harmless(trigger, value string) bool {
	const usual = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._:-"
	return trigger == "match" && value != "" && len(value) <= 128 && strings.Trim(value, usual) == "" &&
		value[0] != '-' && !strings.Contains(value, "..")
}
