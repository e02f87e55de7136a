// Verify checks a log directory that PrivShare wrote, with golang.org/x/mod
// alone: the checkpoint's note, tiles, entries, record proofs, a tree proof.
//
//	verify DIRECTORY VKEY OLD-SIZE OLD-ROOT INDEX...
//
// It prints the proofs it made out of the tiles, one a line, so that the test
// can compare them with PrivShare's own. Any failure ends it with status 1.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// directory serves tiles from files. C2SP leaves the height out of the path.
type directory string

func (d directory) Height() int                     { return height }
func (d directory) SaveTiles([]tlog.Tile, [][]byte) {}
func (d directory) read(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(d), path))
}

func (d directory) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := d.read("tile/" + strings.TrimPrefix(tile.Path(), "tile/8/"))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// entry reads one entry out of its bundle.
func (d directory) entry(index, size int64) []byte {
	tile := tlog.Tile{H: height, L: -1, N: index >> height, W: 1 << height}
	if first := tile.N << height; size-first < 1<<height {
		tile.W = int(size - first)
	}
	data, err := d.read("tile/entries/" + strings.TrimPrefix(tile.Path(), "tile/8/data/"))
	check(err)
	for skip := index & (1<<height - 1); skip > 0; skip-- {
		data = data[2+int(binary.BigEndian.Uint16(data)):]
	}
	return data[2 : 2+int(binary.BigEndian.Uint16(data))]
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	check(err)
	return value
}

func hash(text string) (h tlog.Hash) {
	raw, err := base64.StdEncoding.DecodeString(text)
	check(err)
	copy(h[:], raw)
	return h
}

func main() {
	dir, oldSize, oldRoot := directory(os.Args[1]), number(os.Args[3]), hash(os.Args[4])
	verifier, err := note.NewVerifier(os.Args[2])
	check(err)
	data, err := dir.read("checkpoint")
	check(err)
	signed, err := note.Open(data, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(signed.Text, "\n")
	if lines[0] != verifier.Name() {
		check(fmt.Errorf("origin %q is not key name %q", lines[0], verifier.Name()))
	}
	tree := tlog.Tree{N: number(lines[1]), Hash: hash(lines[2])}
	reader := tlog.TileHashReader(tree, dir)
	for _, argument := range os.Args[5:] {
		index := number(argument)
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		check(err)
		leaf := tlog.RecordHash(dir.entry(index, tree.N))
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf))
		fmt.Println("record", index, proof)
	}
	proof, err := tlog.ProveTree(tree.N, oldSize, reader)
	check(err)
	check(tlog.CheckTree(proof, tree.N, tree.Hash, oldSize, oldRoot))
	fmt.Println("tree", oldSize, proof)
}
