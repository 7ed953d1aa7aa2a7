package entramfa_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestREADMECommandsAreRun holds the README to what CI runs: each command of a
// shell block stands in .ci/run by itself.
func TestREADMECommandsAreRun(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	ci, err := os.ReadFile(".ci/run")
	require.NoError(t, err)
	lines := strings.Split(string(ci), "\n")
	commands := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		for _, command := range strings.Split(strings.TrimSpace(block[1]), "\n") {
			assert.Contains(t, lines, command, "a command of the README that CI does not run")
			commands++
		}
	}
	assert.Equal(t, 2, commands, "the README promises two commands")
}

// TestLinksLeadSomewhere follows the links between the documents of the project.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, name := range []string{"README.md", "CHANGELOG.md", "BENCHMARKS.md"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(link[1], "://") {
				assert.FileExists(t, link[1], name)
			}
		}
	}
}
