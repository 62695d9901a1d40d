package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTally reads events as go test prints them.
func TestTally(t *testing.T) {
	const events = `{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"TestGood"}
{"Action":"output","Package":"a","Test":"TestGood","Output":"noise\n"}
{"Action":"pass","Package":"a","Test":"TestGood"}
{"Action":"output","Package":"a","Test":"TestBad","Output":"got 1, want 2\n"}
{"Action":"fail","Package":"a","Test":"TestBad"}
{"Action":"output","Package":"a","Test":"TestGPU","Output":"=== RUN   TestGPU\n"}
{"Action":"output","Package":"a","Test":"TestGPU","Output":"    x_test.go:1: no GPU\n"}
{"Action":"output","Package":"a","Test":"TestGPU","Output":"--- SKIP: TestGPU (0.00s)\n"}
{"Action":"skip","Package":"a","Test":"TestGPU"}
{"Action":"output","Package":"a","Output":"FAIL\n"}
{"Action":"fail","Package":"a"}
{"Action":"build-output","ImportPath":"b [b.test]","Output":"b.go:1: undefined: x\n"}
{"Action":"build-fail","ImportPath":"b [b.test]"}
{"Action":"fail","Package":"b"}
{"Action":"output","Package":"c","Output":"panic: no test to blame\n"}
{"Action":"fail","Package":"c"}
{"Action":"skip","Package":"d"}
`
	var out strings.Builder
	tally := newTally(&out)
	if err := tally.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	tally.report()
	want := `failed a TestBad
got 1, want 2
failed b 
b.go:1: undefined: x
failed c 
panic: no test to blame
skipped a TestGPU x_test.go:1: no GPU
1 passed, 3 failed
`
	if diff := cmp.Diff(out.String(), want); diff != "" {
		t.Errorf("got (-), want (+):\n%s", diff)
	}
}

// TestTallyRefuses checks that what is no event is not passed over.
func TestTallyRefuses(t *testing.T) {
	if err := newTally(&strings.Builder{}).read(strings.NewReader("go: no such tool\n")); err == nil {
		t.Error("got nil, want an error")
	}
}
