# Everything one does in a checkout; `just` lists it. Each recipe is one
# command that works without just as well.

# The C header of NVML is full of deprecated names.
export CGO_CFLAGS := "-O2 -g -Wno-deprecated-declarations"

# list the recipes
default:
    @just --list --unsorted

# build and run the agent and the dashboard until Ctrl-C
dev:
    exec ./dev

# run the agent: just agent once
agent *arguments:
    exec go run ./agent/cmd/systant-agent {{arguments}}

# run the dashboard: just dashboard -config FILE
dashboard *arguments:
    exec go run ./dashboard/cmd/systant-dashboard {{arguments}}

# run the tests of every module, or of the packages named
test *packages="work":
    exec go test -race {{packages}}

# run everything that must hold before a commit
check *arguments:
    exec ./check {{arguments}}

# measure the agent, a fleet's dashboard, the page, or the history: just bench fleet -hosts 1000
bench what="agent" *arguments:
    exec go run ./test/bench {{what}} {{arguments}}

# attack the command engine with everything there is (about half an hour)
torture *arguments:
    SYSTANT_TORTURE=full go test -count=1 -timeout 90m -v -run '^TestTorture' {{arguments}} ./test/e2e

# show a host in a real Home Assistant (1 GB to fetch the first time)
test-homeassistant:
    exec ./check --only homeassistant

# make Debian packages and archives for all kinds of machines, into bin/package
package *arguments:
    exec go run ./test/package {{arguments}}

# write the generated documents again
gen:
    exec go run ./test/gen

# write the hash of the Nix packages' dependencies again
vendor-hash:
    exec go run ./test/vendorhash -write

# run one fuzz target: just fuzz FuzzParseHost ./pkg/schema 1m
fuzz target package time="30s":
    exec go test -run '^$' -fuzz '^{{target}}$' -fuzztime {{time}} {{package}}

# lint every module
lint:
    exec ./check --only lint

# remove what was built
clean:
    rm -rf bin test/web/node_modules
