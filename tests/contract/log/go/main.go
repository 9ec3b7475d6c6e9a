// Judges a published skreg log with code that skreg shares nothing with.
//
// usage: judge <folder with checkpoint and tile/> <origin> <ecdsa vkey> [older checkpoint file]
//
// It opens the checkpoint with the ECDSA key, reads entries and hash tiles, and checks the root,
// the inclusion of every sampled entry and, given an older checkpoint, consistency with it.
package main

import (
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type reader struct{ root string }

func (r reader) Height() int { return height }

func (r reader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		data, err := r.read(path(fmt.Sprint(tile.L), tile))
		if err != nil {
			return nil, err
		}
		found[i] = data
	}
	return found, nil
}

func (r reader) read(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(r.root, name))
}

// path drops the tile height that the Go checksum database has in its paths and C2SP has not.
func path(level string, tile tlog.Tile) string {
	number := strings.SplitN(tile.Path(), "/", 4)[3]
	return "tile/" + level + "/" + number
}

func (r reader) entries(size int64) ([][]byte, error) {
	var found [][]byte
	for n := int64(0); n<<height < size; n++ {
		width := min(size-n<<height, 1<<height)
		data, err := r.read(path("entries", tlog.Tile{H: height, L: 0, N: n, W: int(width)}))
		if err != nil {
			return nil, err
		}
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			found = append(found, data[2:2+length])
			data = data[2+length:]
		}
	}
	if int64(len(found)) != size {
		return nil, fmt.Errorf("%d entries in the bundles of a log of %d", len(found), size)
	}
	return found, nil
}

// open verifies a note with the ECDSA key; x/mod's own tree format has another first line.
func open(data []byte, origin string, verifier note.Verifier) tlog.Tree {
	signed, err := note.Open(data, note.VerifierList(verifier))
	check(err)
	lines := strings.SplitN(signed.Text, "\n", 2)
	if lines[0] != origin {
		log.Fatalf("the checkpoint is of %q, not of %q", lines[0], origin)
	}
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + lines[1]))
	check(err)
	return tree
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	log.SetFlags(0)
	r, origin := reader{os.Args[1]}, os.Args[2]
	verifier, err := fnote.NewVerifier(os.Args[3])
	check(err)
	data, err := r.read("checkpoint")
	check(err)
	tree := open(data, origin, verifier)
	entries, err := r.entries(tree.N)
	check(err)
	hashes := tlog.TileHashReader(tree, r)
	root, err := tlog.TreeHash(tree.N, hashes)
	check(err)
	if root != tree.Hash {
		log.Fatal("the tiles do not add up to the root")
	}
	checked := 0
	for i := int64(0); i < tree.N; i += 1 + tree.N/97 {
		proof, err := tlog.ProveRecord(tree.N, i, hashes)
		check(err)
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, i, tlog.RecordHash(entries[i])))
		checked++
	}
	if len(os.Args) > 4 {
		data, err := os.ReadFile(os.Args[4])
		check(err)
		old := open(data, origin, verifier)
		proof, err := tlog.ProveTree(tree.N, old.N, hashes)
		check(err)
		check(tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash))
	}
	fmt.Printf("size %d, %d inclusions\n", tree.N, checked)
}
