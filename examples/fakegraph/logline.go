package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/graphfake"
)

// logTo prints a line for each request, and one for each within a batch. A request
// holds neither bodies nor credentials.
func logTo(w io.Writer, now func() time.Time) func(graphfake.Request) {
	var mu sync.Mutex
	return func(r graphfake.Request) {
		var text strings.Builder
		fmt.Fprintf(&text, "%s %s\n", now().UTC().Format(time.RFC3339), line(r))
		for _, item := range r.Items {
			fmt.Fprintf(&text, "  %s\n", line(item))
		}
		mu.Lock()
		defer mu.Unlock()
		io.WriteString(w, text.String()) // a log that can't be written stops nothing
	}
}

func line(r graphfake.Request) string {
	url := r.Path
	if r.Query != "" {
		url += "?" + r.Query
	}
	return strings.TrimSpace(layout.Clean(fmt.Sprintf("%s %s %d %s", r.Method, url, r.Status, r.Code)))
}
