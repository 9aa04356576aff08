//go:build suite

// Package old names the suite's package, so that go.sum covers all that its tests import.
package old

import _ "github.com/opencontainers/distribution-spec/conformance"
