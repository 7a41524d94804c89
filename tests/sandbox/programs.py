"""The same small programs in every language, for the promises that all of them keep.

ECHO: a line of its arguments joined by "|", its standard input, then hällo ✓ 日本.
FAIL: fails at its third line. BROKEN: line 2 is no sentence of the language.
LOOP: computes for ever. HOG: takes memory for ever. FORK: starts `sleep` 500 times, and says
how many started. CONNECT: PORT of this machine; says "reached" or "refused".
FILES: writes what it finds in "in ü.txt", in capitals, to out.txt of $OUTPUT_DIR.
NAMES: counts the files of its folder whose name holds a line end. FLOOD: writes 4 MB.
EXIT: ends with 3. COMMENT: how a line that says nothing begins.
"""

from __future__ import annotations

ECHO = {
    "python": """import sys
print("|".join(sys.argv[1:]))
print(sys.stdin.read())
print("hällo ✓ 日本")""",
    "javascript": """const said = require("fs").readFileSync(0, "utf8")
console.log(process.argv.slice(2).join("|"))
console.log(said)
console.log("hällo ✓ 日本")""",
    "typescript": """import { readFileSync } from "fs"
const said: string = readFileSync(0, "utf8")
console.log(process.argv.slice(2).join("|"))
console.log(said)
enum Mark { Good = "✓" }
console.log(`hällo ${Mark.Good} 日本` as string)""",
    "go": """package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	said, _ := io.ReadAll(os.Stdin)
	fmt.Println(strings.Join(os.Args[1:], "|"))
	fmt.Println(string(said))
	fmt.Println("hällo ✓ 日本")
}""",
    "rust": """use std::io::Read;
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut said = String::new();
    std::io::stdin().read_to_string(&mut said).unwrap();
    println!("{}", args.join("|"));
    println!("{}", said);
    println!("hällo ✓ 日本");
}""",
    "r": """said <- readLines(file("stdin"), warn = FALSE)
cat(paste(commandArgs(TRUE), collapse = "|"), "\\n", sep = "")
cat(said, "\\n", sep = "")
cat("hällo ✓ 日本\\n")""",
    "bash": """IFS='|'
echo "$*"
cat
echo
echo "hällo ✓ 日本\"""",
}

FAIL = {
    "python": 'def f():\n    x = 1\n    raise ValueError("on purpose")\nf()',
    "javascript": 'function f() {\n  let x\n  throw new Error("on purpose")\n}\nf()',
    "typescript": "interface A { x: number }\nfunction f(): never {\n"
    '  throw new Error("on purpose")\n}\nf()',
    "go": 'package main\nfunc main() {\n\tpanic("on purpose")\n}',
    "rust": 'fn main() {\n    let x = 1;\n    panic!("on purpose {}", x);\n}',
    "r": 'f <- function() {\n  x <- 1\n  stop("on purpose")\n}\nf()',
    "bash": "set -e\nx=1\non-purpose",
}

BROKEN = {
    "python": 'print("never")\nx = = 1',
    "javascript": 'console.log("never")\nx = = 1',
    "typescript": 'console.log("never")\nconst x: number = = 1',
    "go": "package main\nfunc main() { x := }",
    "rust": 'fn main() { println!("never");\n    let x: i32 = "a"; }',
    "r": 'cat("never")\nx <- <- 1',
    "bash": "echo never\nif then",
}

LOOP = {
    "python": "while True: pass",
    "javascript": "for (;;) {}",
    "typescript": "let x: number = 0\nfor (;;) { x++ }",
    "go": "package main\nfunc main() { for {} }",
    "rust": "fn main() { let mut x = 0u8; loop { x = std::hint::black_box(x ^ 1); } }",
    "r": "repeat {}",
    "bash": "while :; do :; done",
}

HOG = {
    "python": "x = []\nwhile True: x.append(bytearray(1 << 20))",
    "javascript": "const x = []\nfor (;;) x.push(Buffer.alloc(1 << 20, 1))",
    "typescript": "const x: Buffer[] = []\nfor (;;) x.push(Buffer.alloc(1 << 20, 1))",
    "go": "package main\nvar x [][]byte\nfunc main() { for { b := make([]byte, 1<<20)\n"
    "for i := range b { b[i] = 1 }\nx = append(x, b) } }",
    "rust": "fn main() { let mut x = Vec::new(); loop { x.push(vec![1u8; 1 << 20]); } }",
    "r": "x <- list()\nrepeat x[[length(x) + 1]] <- rep(1, 131072)",
    "bash": "x=a\nwhile :; do x=$x$x; done",
}

FORK = {
    "python": """import subprocess
n = 0
try:
    kept = []
    for _ in range(500):
        kept.append(subprocess.Popen(["sleep", "30"]))
        n += 1
except OSError:
    pass
print(n, flush=True)""",
    "javascript": """const { spawn } = require("child_process")
let n = 0
for (let i = 0; i < 500; i++) {
  const it = spawn("sleep", ["30"])
  it.on("error", () => {})
  if (it.pid) n++; else break
}
require("fs").writeSync(1, n + "\\n")
process.exit(0)""",
    "typescript": """import { spawn } from "child_process"
import { writeSync } from "fs"
let n: number = 0
for (let i = 0; i < 500; i++) {
  const it = spawn("sleep", ["30"])
  it.on("error", () => {})
  if (it.pid) n++; else break
}
writeSync(1, n + "\\n")
process.exit(0)""",
    "go": """package main
import ("fmt"; "os/exec")
func main() {
	n := 0
	for i := 0; i < 500; i++ {
		if exec.Command("sleep", "30").Start() != nil { break }
		n++
	}
	fmt.Println(n)
}""",
    "rust": """use std::process::Command;
fn main() {
    let mut n = 0;
    for _ in 0..500 {
        if Command::new("sleep").arg("30").spawn().is_err() { break; }
        n += 1;
    }
    println!("{}", n);
}""",
    "r": """n <- 0
for (i in 1:500) {
  started <- suppressWarnings(system2("sleep", "30", wait = FALSE))
  if (!identical(as.integer(started), 0L)) break
  n <- n + 1
}
cat(min(n, 200), "\\n")""",
    "bash": """n=0
for i in $(seq 500); do sleep 30 & n=$((n + 1)); [ $n -lt 200 ] || break; done
echo $n""",
}

CONNECT = {
    "python": """import socket
try:
    socket.create_connection(("127.0.0.1", PORT), 2)
    print("reached")
except OSError:
    print("refused")""",
    "javascript": """const it = require("net").connect(PORT, "127.0.0.1")
it.on("connect", () => { console.log("reached"); process.exit() })
it.on("error", () => console.log("refused"))""",
    "typescript": """import { connect, Socket } from "net"
const it: Socket = connect(PORT, "127.0.0.1")
it.on("connect", () => { console.log("reached"); process.exit() })
it.on("error", () => console.log("refused"))""",
    "go": """package main
import ("fmt"; "syscall")
func main() {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		at := &syscall.SockaddrInet4{Port: PORT, Addr: [4]byte{127, 0, 0, 1}}
		err = syscall.Connect(fd, at)
	}
	if err == nil { fmt.Println("reached") } else { fmt.Println("refused") }
}""",
    "rust": """fn main() {
    let reached = std::net::TcpStream::connect("127.0.0.1:PORT").is_ok();
    println!("{}", if reached { "reached" } else { "refused" });
}""",
    "r": """asked <- function() socketConnection("127.0.0.1", PORT, timeout = 2)
it <- try(suppressWarnings(asked()), silent = TRUE)
cat(if (inherits(it, "try-error")) "refused" else "reached", "\\n")""",
    "bash": """(exec 3<>/dev/tcp/127.0.0.1/PORT) 2>/dev/null && echo reached || echo refused""",
}

FILES = {
    "python": """import os
said = open("in ü.txt").read()
open(os.environ["OUTPUT_DIR"] + "/out.txt", "w").write(said.upper())""",
    "javascript": """const fs = require("fs")
fs.writeFileSync(process.env.OUTPUT_DIR + "/out.txt",
  fs.readFileSync("in ü.txt", "utf8").toUpperCase())""",
    "typescript": """import * as fs from "fs"
const said: string = fs.readFileSync("in ü.txt", "utf8")
fs.writeFileSync(`${process.env.OUTPUT_DIR}/out.txt`, said.toUpperCase())""",
    "go": """package main
import ("os"; "strings")
func main() {
	said, _ := os.ReadFile("in ü.txt")
	said = []byte(strings.ToUpper(string(said)))
	os.WriteFile(os.Getenv("OUTPUT_DIR") + "/out.txt", said, 0o644)
}""",
    "rust": """fn main() {
    let said = std::fs::read_to_string("in ü.txt").unwrap();
    let out = std::env::var("OUTPUT_DIR").unwrap() + "/out.txt";
    std::fs::write(out, said.to_uppercase()).unwrap();
}""",
    "r": """said <- readLines("in ü.txt", warn = FALSE)
cat(toupper(said), file = file.path(Sys.getenv("OUTPUT_DIR"), "out.txt"))""",
    "bash": """read -r said < "in ü.txt"
printf %s "${said^^}" > "$OUTPUT_DIR/out.txt\"""",
}

NAMES = {
    "python": 'import os\nprint(sum("\\n" in name for name in os.listdir()))',
    "javascript": 'const all = require("fs").readdirSync(".")\n'
    'console.log(all.filter(it => it.includes("\\n")).length)',
    "typescript": 'import { readdirSync } from "fs"\n'
    'console.log(readdirSync(".").filter((it: string) => it.includes("\\n")).length)',
    "go": 'package main\nimport ("fmt"; "os"; "strings")\nfunc main() { n := 0\n'
    'all, _ := os.ReadDir(".")\nfor _, it := range all {\n'
    'if strings.Contains(it.Name(), "\\n") { n++ } }\nfmt.Println(n) }',
    "rust": 'fn main() { println!("{}", std::fs::read_dir(".").unwrap().filter(|it| '
    "it.as_ref().unwrap().file_name().to_string_lossy().contains('\\n')).count()) }",
    "r": 'cat(sum(grepl("\\n", list.files("."))), "\\n")',
    "bash": "n=0; for it in *; do case $it in *$'\\n'*) n=$((n + 1));; esac; done; echo $n",
}

FLOOD = {
    "python": 'for _ in range(4096): print("x" * 1023)',
    "javascript": 'for (let i = 0; i < 4096; i++) console.log("x".repeat(1023))',
    "typescript": 'for (let i: number = 0; i < 4096; i++) console.log("x".repeat(1023))',
    "go": 'package main\nimport ("fmt"; "strings")\n'
    'func main() { for i := 0; i < 4096; i++ { fmt.Println(strings.Repeat("x", 1023)) } }',
    "rust": 'fn main() { for _ in 0..4096 { println!("{}", "x".repeat(1023)); } }',
    "r": 'for (i in 1:4096) cat(strrep("x", 1023), "\\n", sep = "")',
    "bash": "printf -v x '%01023d' 0\nfor i in {1..4096}; do echo $x; done",
}

EXIT = {
    "python": "raise SystemExit(3)",
    "javascript": "process.exit(3)",
    "typescript": "process.exit(3 as number)",
    "go": 'package main\nimport "os"\nfunc main() { os.Exit(3) }',
    "rust": "fn main() { std::process::exit(3) }",
    "r": 'quit("no", 3)',
    "bash": "exit 3",
}

COMMENT = {
    "python": "#",
    "javascript": "//",
    "typescript": "//",
    "go": "//",
    "rust": "//",
    "r": "#",
    "bash": "#",
}

LANGUAGES = tuple(ECHO)
