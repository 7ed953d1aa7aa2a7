package graphfake_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
)

// BenchmarkLoad: an export twice as large takes twice as long.
func BenchmarkLoad(b *testing.B) {
	for _, size := range []int{8000, 16000} {
		b.Run(fmt.Sprintf("users=%d/UTF-16", size), func(b *testing.B) {
			benchmarkLoad(b, "Users/all.json", wide(manyUsers(size), binary.LittleEndian, true))
		})
	}
	for _, size := range []int{20000, 40000} {
		b.Run(fmt.Sprintf("members=%d", size), func(b *testing.B) {
			benchmarkLoad(b, "Groups/large.json", largeGroup(size))
		})
	}
}

func benchmarkLoad(b *testing.B, name, text string) {
	export := fstest.MapFS{name: &fstest.MapFile{Data: []byte(text)}}
	for b.Loop() {
		_, err := graphfake.Load(export)
		require.NoError(b, err)
	}
}

func manyUsers(size int) string {
	users := make([]string, size)
	for i := range users {
		users[i] = fmt.Sprintf(`{"userPrincipalName":"u%d@contoso.com","displayName":"Zoë %d","accountEnabled":true,"transitiveMemberOf":[]}`, i, i)
	}
	return "[" + strings.Join(users, ",\n") + "]"
}

func largeGroup(size int) string {
	members := make([]string, size)
	for i := range members {
		members[i] = fmt.Sprintf(`{"@odata.type":"#microsoft.graph.user","id":"%08x-0000-4000-8000-000000000000","userPrincipalName":"u%d@contoso.com"}`, i, i)
	}
	return `{"id":"aaaaaaaa-0000-4000-8000-000000000001","displayName":"Large","groupTypes":[],"members":[` + strings.Join(members, ",") + `]}`
}
