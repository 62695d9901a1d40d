// Command vendorhash computes the vendorHash of the Nix packages as Nix does,
// without Nix: it fetches the dependencies as deploy/nix/packages.nix says, and
// hashes the folder in the way that Nix hashes what it builds.
//
//	go run ./test/vendorhash          # print it
//	go run ./test/vendorhash -write   # write it to deploy/nix/vendor-hash
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

// file is where the packages read the hash, below the repository's root.
const file = "deploy/nix/vendor-hash"

// main runs the program in the repository's root.
func main() {
	write := flag.Bool("write", false, "write the hash to "+file)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, ".", *write, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "vendorhash:", err)
		os.Exit(1)
	}
}

// run computes the hash of the repository in root, and writes or prints it.
func run(ctx context.Context, root string, write bool, out io.Writer) error {
	hash, err := compute(ctx, root)
	if err != nil {
		return err
	}
	if write {
		return os.WriteFile(filepath.Join(root, file), []byte(hash+"\n"), 0o644)
	}
	_, err = fmt.Fprintln(out, hash)
	return err
}
