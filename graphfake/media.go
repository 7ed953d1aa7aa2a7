package graphfake

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/entramfa/entramfa"
)

// checkMedia refuses what isn't JSON: an answer that is asked for in another form, a
// body that is said to be one.
func (c *call) checkMedia() *entramfa.GraphError {
	if refusal := c.checkAccept(); refusal != nil {
		return refusal
	}
	given := c.header.Get("Content-Type")
	writes := c.method == http.MethodPost || c.method == http.MethodPatch || c.method == http.MethodPut
	if !writes || given == "" || len(c.body) == 0 || isJSON(given) {
		return nil
	}
	// Graph's words for a body of another type name the types of the library under it:
	// https://github.com/OData/odata.net, MediaTypeUtils_CannotDetermineFormatFromContentType.
	return graphError(http.StatusUnsupportedMediaType, "UnsupportedMediaType",
		"A supported MIME type could not be found that matches the content type of the request. None of the supported type(s) 'application/json' matches the content type '%s'.", given)
}

// isJSON says whether a media type is one of JSON.
func isJSON(given string) bool {
	media, _, err := mime.ParseMediaType(given)
	return err == nil && (media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"))
}

// checkAccept refuses an Accept that has no place for JSON, or for the text of a count.
func (c *call) checkAccept() *entramfa.GraphError {
	wanted := strings.Join(c.header.Values("Accept"), ",")
	if strings.TrimSpace(wanted) == "" {
		return nil
	}
	for part := range strings.SplitSeq(wanted, ",") {
		media, _, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(media)) {
		case "", "*/*", "application/*", "application/json", "text/json", "text/plain", "text/*":
			return nil
		}
	}
	return notAcceptable(wanted)
}

// notAcceptable is in the words of the library under the service; 406 is the status
// that the protocol asks for.
// Source: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part1-protocol.html#sec_HeaderAccept.
func notAcceptable(wanted string) *entramfa.GraphError {
	return graphError(http.StatusNotAcceptable, "NotAcceptable",
		"A supported MIME type could not be found that matches the acceptable MIME types for the request. The supported type(s) "+
			"'application/json;odata.metadata=minimal, application/json;odata.metadata=full, application/json;odata.metadata=none' do not match any of the acceptable MIME types '%s'.", wanted)
}

// checkFormat takes $format=json, with or without a level of metadata.
func checkFormat(value string) *entramfa.GraphError {
	if media, _, _ := strings.Cut(value, ";"); strings.EqualFold(media, "json") || strings.EqualFold(media, "application/json") {
		return nil
	}
	return notAcceptable(value)
}

// maxPageSize is how many rows a page shall hold at most by the header Prefer, 0 where
// it doesn't say. A service may ignore it; that these routes honour it is not documented.
// Source: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part1-protocol.html#sec_Preferencemaxpagesizeodatamaxpagesize.
func (c *call) maxPageSize() int {
	for _, prefer := range c.header.Values("Prefer") {
		for _, part := range splitList(strings.ReplaceAll(prefer, ";", ",")) {
			name, value, _ := strings.Cut(strings.ReplaceAll(part, `"`, ""), "=")
			size, err := strconv.Atoi(strings.TrimSpace(value))
			if name = fold(strings.TrimSpace(name)); err == nil && size > 0 && (name == "odata.maxpagesize" || name == "maxpagesize") {
				return size
			}
		}
	}
	return 0
}

// preferencesApplied names the preferences that the answer honours. return=minimal and
// return=representation are none of them: these routes answer the same either way.
func (c *call) preferencesApplied(v view) string {
	var applied []string
	if v.futures {
		applied = append(applied, "include-unknown-enum-members")
	}
	if size := c.maxPageSize(); size > 0 {
		applied = append(applied, "odata.maxpagesize="+strconv.Itoa(size))
	}
	return strings.Join(applied, ", ")
}

// takesGzip says whether an answer may be packed.
func takesGzip(header http.Header) bool {
	for part := range strings.SplitSeq(strings.Join(header.Values("Accept-Encoding"), ","), ",") {
		coding, quality, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(part), " ", ""), ";")
		if coding == "gzip" || coding == "*" {
			weight, err := strconv.ParseFloat(strings.TrimPrefix(quality, "q="), 64)
			return quality == "" || err != nil || weight > 0
		}
	}
	return false
}
