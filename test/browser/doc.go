// Package browser tests the page in a real browser: Chromium, driven over its
// debugging protocol, against a built dashboard and a broker of the test's
// own. It has tests only.
//
// Without Chromium the tests are skipped, and fail where CI is set. Screenshots
// of the page go to the folder that SYSTANT_SCREENSHOTS names, if it does;
// SYSTANT_BIN names a folder with a built dashboard.
package browser
