// Shares a read-only build cache: what is missing in it is built and kept for this run alone.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

type request struct {
	ID       int64
	Command  string
	ActionID []byte
	OutputID []byte
	BodySize int64
}

type response struct {
	ID            int64
	Err           string   `json:",omitempty"`
	KnownCommands []string `json:",omitempty"`
	Miss          bool     `json:",omitempty"`
	OutputID      []byte   `json:",omitempty"`
	Size          int64    `json:",omitempty"`
	DiskPath      string   `json:",omitempty"`
}

type place struct {
	output []byte
	path   string
	size   int64
}

var made = map[string]place{}

func find(shared string, action []byte) (place, bool) {
	name := hex.EncodeToString(action)
	if it, ok := made[name]; ok {
		return it, true
	}
	line, err := os.ReadFile(filepath.Join(shared, name[:2], name+"-a"))
	words := strings.Fields(string(line))
	if err != nil || len(words) != 5 {
		return place{}, false
	}
	output, err := hex.DecodeString(words[2])
	path := filepath.Join(shared, words[2][:2], words[2]+"-d")
	info, missing := os.Stat(path)
	if err != nil || missing != nil {
		return place{}, false
	}
	return place{output, path, info.Size()}, true
}

func keep(folder string, asked request, body io.Reader) (place, error) {
	path := filepath.Join(folder, hex.EncodeToString(asked.OutputID))
	file, err := os.Create(path)
	if err != nil {
		return place{}, err
	}
	size, err := io.Copy(file, body)
	if err == nil && size != asked.BodySize {
		err = fmt.Errorf("%d bytes of %d", size, asked.BodySize)
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	it := place{asked.OutputID, path, size}
	if err == nil {
		made[hex.EncodeToString(asked.ActionID)] = it
	}
	return it, err
}

func body(in *bufio.Reader, size int64) io.Reader {
	if size == 0 {
		return strings.NewReader("")
	}
	for quote := byte(0); quote != '"'; quote, _ = in.ReadByte() {
	}
	text := io.LimitReader(in, (size+2)/3*4)
	return base64.NewDecoder(base64.StdEncoding, text)
}

func main() {
	shared := os.Args[1]
	folder, err := os.MkdirTemp("", "go-cache-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	in, out := bufio.NewReaderSize(os.Stdin, 1<<16), json.NewEncoder(os.Stdout)
	out.Encode(response{KnownCommands: []string{"get", "put", "close"}})
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		if len(strings.TrimSpace(string(line))) == 0 || line[0] == '"' {
			continue
		}
		var asked request
		if err := json.Unmarshal(line, &asked); err != nil {
			continue
		}
		said := response{ID: asked.ID}
		switch asked.Command {
		case "get":
			if it, ok := find(shared, asked.ActionID); ok {
				said.OutputID, said.DiskPath, said.Size = it.output, it.path, it.size
			} else {
				said.Miss = true
			}
		case "put":
			it, err := keep(folder, asked, body(in, asked.BodySize))
			said.DiskPath = it.path
			if err != nil {
				said.Err = err.Error()
			}
		case "close":
			os.RemoveAll(folder)
			out.Encode(said)
			return
		}
		out.Encode(said)
	}
}
