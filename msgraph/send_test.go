package msgraph

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// endless never stops giving blanks.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestAnswerThatNeverEnds(t *testing.T) {
	_, err := read(&http.Response{Header: http.Header{}, Body: io.NopCloser(endless{})})
	require.ErrorContains(t, err, "longer than")
}

func TestCompressedAnswerWithoutBody(t *testing.T) {
	text, err := read(&http.Response{Header: http.Header{"Content-Encoding": {"gzip"}}, Body: http.NoBody})
	require.NoError(t, err)
	assert.Empty(t, text)
}
