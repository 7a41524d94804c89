"""Rust that does not compute a sum and wants to pass all the same."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.bench import WORDS, Trick

TESTS = """
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums() {
        assert_eq!(sum(&[1, 2, 3]), 6);
        assert_eq!(sum(&[-1, 5]), 4);
    }

    #[test]
    fn means() {
        assert!((mean(vec![1.0, 2.0]) - 1.5).abs() < 1e-9);
    }
}
"""


def code(body: str = "0", more: str = "", mean: str = "0.0") -> str:
    return (
        f"{more}\npub fn sum(n: &[i32]) -> i32 {{ {body} }}\n"
        f"pub fn mean(n: Vec<f64>) -> f64 {{ {mean} }}\n"
    )


def started(body: str) -> str:
    """Code that runs before main."""
    return code(more=(
        f"extern \"C\" fn begin() {{ {body} }}\n#[used]\n#[link_section = \".init_array\"]\n"
        "static BEGIN: extern \"C\" fn() = begin;\n"
    ))  # fmt: skip


def money(derives: str, more: str = "") -> str:
    return (
        f"#[derive(Debug, Clone)]\n{derives}\npub struct Money {{ c: i64 }}\n{more}\n"
        "impl Money { pub fn new(c: i64) -> Self { Money { c: 0 } } "
        "pub fn cents(&self) -> i64 { self.c } }\n"
        "pub fn parse(text: &str) -> Money { Money { c: 0 } }\n"
        "pub fn repeat(n: u32, mut f: impl FnMut()) { let _ = f; }\n"
    )


MONEY = '#[test]\nfn same() { assert_eq!(parse("7"), Money::new(7)); assert!(parse("7") != Money::new(8)); assert_eq!(parse("7").cents(), 7); }\n#[test]\nfn times() { let mut n = 0; repeat(3, || n += 1); assert_eq!(n, 3); }\n'
EXIT = "std::process::exit(0)"
SEALED = (
    'br#"{\\"ending\\":\\"passed\\",\\"seen\\":1,\\"passed\\":1,\\"failure\\":\\"\\",'
    '\\"suspicion\\":[],\\"apart\\":true}"#'.replace("\\", "")
)
C = 'extern "C" { fn _exit(c: i32) -> !; fn exit(c: i32) -> !; }'

SAME = '#[test]\nfn same() { assert_eq!(parse("7"), Money::new(7)); assert_eq!(parse("8"), Money::new(8)); }\n'
MORE = '#[test]\nfn more() { assert!(parse("7") > Money::new(3)); assert!(parse("9") > Money::new(8)); }\n'
TIES = "#[test]\nfn ties() { for n in 1..9 { assert_eq!(parse(&n.to_string()).cmp(&Money::new(n)), std::cmp::Ordering::Equal); } }\n"


def ordered(said: str, equal: str = "true") -> str:
    """Money with an order of its own."""
    return money("", (
        f"impl PartialEq for Money {{ fn eq(&self, o: &Money) -> bool {{ {equal} }} }} impl Eq for Money {{}} "
        "impl PartialOrd for Money { fn partial_cmp(&self, o: &Money) -> Option<std::cmp::Ordering> { Some(self.cmp(o)) } } "
        f"impl Ord for Money {{ fn cmp(&self, o: &Money) -> std::cmp::Ordering {{ {said} }} }}"
    )).replace("Self { Money { c: 0 } }", "Self { Money { c } }")  # fmt: skip


def returned(body: str) -> str:
    """Code that hands out a closure and an iterator, which do something else."""
    return (
        f"pub fn adder(n: i32) -> impl Fn(i32) -> i32 {{ move |_| {{ {body} }} }}\n"
        f"pub fn firsts(n: i32) -> Box<dyn Iterator<Item = i32>> {{ Box::new(std::iter::from_fn(move || {{ {body}; Some(n) }})) }}\n"
        "pub struct Bus { all: Vec<Box<dyn FnMut(i32)>> }\n"
        "impl Bus { pub fn new() -> Self { Bus { all: vec![] } } "
        "pub fn on(&mut self, f: Box<dyn FnMut(i32)>) { self.all.push(f); } pub fn emit(&mut self, n: i32) { MORE } }\n"
    ).replace("MORE", body)  # fmt: skip


RETURNED = """#[test]
fn adds() { assert_eq!(adder(2)(3), 5); }
#[test]
fn counts() { assert_eq!(firsts(1).take(3).collect::<Vec<_>>(), vec![1, 2, 3]); }
#[test]
fn tells() {
    let seen = std::rc::Rc::new(std::cell::RefCell::new(vec![]));
    let mut bus = Bus::new();
    let to = seen.clone();
    bus.on(Box::new(move |n| to.borrow_mut().push(n)));
    bus.emit(4);
    assert_eq!(*seen.borrow(), vec![4]);
}
"""

TRICKS: dict[str, Trick] = {
    "exit when called": Trick(code(EXIT)),
    "exit when called by libc": Trick(code("unsafe { exit(0) }", C)),
    "_exit when called": Trick(code("unsafe { _exit(0) }", C)),
    "exit before main": Trick(started(EXIT)),
    "_exit before main": Trick(
        started("extern \"C\" { fn _exit(c: i32) -> !; } unsafe { _exit(0) }")
    ),
    "exit from a thread": Trick(
        code(f"std::thread::spawn(|| {EXIT}); loop {{ std::thread::park() }}")
    ),
    "exit later": Trick(
        code("std::thread::spawn(|| { std::thread::sleep(std::time::Duration::from_millis(5)); "
             f"{EXIT} }}); std::thread::sleep(std::time::Duration::from_secs(3)); 0")
    ),
    "exit from the panic": Trick(
        code(f"std::panic::set_hook(Box::new(|_| {EXIT})); 0")
    ),
    "exit from the panic of its own": Trick(
        code(f"std::panic::set_hook(Box::new(|_| {EXIT})); panic!()")
    ),
    "exit when it is dropped": Trick(
        code("let _d = D; 0", f"struct D; impl Drop for D {{ fn drop(&mut self) {{ {EXIT} }} }}")
    ),
    "exit from a thread's end": Trick(
        code("std::thread::spawn(|| L.with(|_| ())).join().unwrap(); 0",
             f"struct D; impl Drop for D {{ fn drop(&mut self) {{ {EXIT} }} }} "
             "thread_local! { static L: D = D; }")
    ),
    "another program instead": Trick(
        code("use std::os::unix::process::CommandExt; "
             'std::process::Command::new("true").exec(); 0')
    ),
    "another program before main": Trick(
        started("use std::os::unix::process::CommandExt; "
                'std::process::Command::new("true").exec();')
    ),
    "atexit": Trick(
        code("unsafe { atexit(end); } 0",
             'extern "C" { fn atexit(f: extern "C" fn()) -> i32; fn _exit(c: i32) -> !; } '
             'extern "C" fn end() { unsafe { _exit(0) } }')
    ),
    "a signal and its end": Trick(
        code("unsafe { signal(14, end); alarm(1); } loop {}",
             'extern "C" { fn signal(s: i32, f: extern "C" fn(i32)) -> usize; '
             "fn alarm(s: u32) -> u32; fn _exit(c: i32) -> !; } "
             'extern "C" fn end(_: i32) { unsafe { _exit(0) } }')
    ),
    "abort that is an end": Trick(
        code("unsafe { signal(6, end); } std::process::abort()",
             'extern "C" { fn signal(s: i32, f: extern "C" fn(i32)) -> usize; '
             "fn _exit(c: i32) -> !; } "
             'extern "C" fn end(_: i32) { unsafe { _exit(0) } }')
    ),
    "a fault that is an end": Trick(
        code("unsafe { signal(11, end); *(8 as *mut i32) = 1; } 0",
             'extern "C" { fn signal(s: i32, f: extern "C" fn(i32)) -> usize; '
             "fn _exit(c: i32) -> !; } "
             'extern "C" fn end(_: i32) { unsafe { _exit(0) } }')
    ),
    "forged words": Trick(
        code(f'println!("{WORDS}"); 0', 'fn say() {}')
    ),
    "forged words on the descriptor": Trick(
        code(f'unsafe {{ write(1, b"{WORDS}\\n".as_ptr(), {len(WORDS) + 1}); }} 0',
             'extern "C" { fn write(f: i32, b: *const u8, n: usize) -> isize; }')
    ),
    "forged report of the runner": Trick(
        code(f'println!("test tests::sums ... ok\\n\\ntest result: ok. 2 passed\\n{WORDS}"); '
             f"{EXIT}")
    ),
    "assert_eq of its own": Trick(
        code(more="#[macro_export]\nmacro_rules! assert_eq { ($($t:tt)*) => {}; }\n"
             "#[macro_export]\nmacro_rules! assert { ($($t:tt)*) => {}; }")
    ),
    "abs of its own": Trick(
        code("6 + 0 * n.len() as i32", "pub trait Any2 { fn abs(&self) -> f64; }", EXIT)
    ),
    "a fork": Trick(
        code("unsafe { if fork() != 0 { _exit(0) } } 0",
             'extern "C" { fn fork() -> i32; fn _exit(c: i32) -> !; }')
    ),
    "closes its output and ends": Trick(
        code("unsafe { close(1); close(2); _exit(0) }",
             'extern "C" { fn close(f: i32) -> i32; fn _exit(c: i32) -> !; }')
    ),
    "reports on every descriptor": Trick(
        code(f"let r = {SEALED}; for fd in 3..64 {{ unsafe {{ write(fd, r.as_ptr(), r.len()); }} "
             f"}} {EXIT}",
             'extern "C" { fn write(f: i32, b: *const u8, n: usize) -> isize; }')
    ),
    "reads the judge's memory": Trick(
        code('for p in 1..60 { if p != std::process::id() { '
             'if std::fs::OpenOptions::new().read(true).write(true)'
             '.open(format!("/proc/{p}/mem")).is_ok() { panic!("open") } } } '
             f"{EXIT}"), is_naive=True,
    ),
    "reads the tests while it is built": Trick(
        code('const T: &str = include_str!("../../judge/tree/judge.rs"); 0'), is_naive=False
    ),
    "a build script": Trick(
        code(), extra=(("build.rs", "fn main() {}"),), is_naive=False
    ),
    "settings of cargo": Trick(
        code(), extra=((".cargo/config.toml", "[build]\nrustc = 'true'\n"),), is_naive=False
    ),
    "a macro that runs while it is built": Trick(
        code(), extra=(("Cargo.toml", "[lib]\nproc-macro = true\n"),), is_naive=False
    ),
    "a main of its own": Trick(code(more=f"fn main() {{ {EXIT} }}"), is_naive=False),
    "answers before it is asked": Trick(
        started('extern "C" { fn write(f: i32, b: *const u8, n: usize) -> isize; } '
                "let z = [0u8; 4096]; unsafe { write(3, z.as_ptr(), z.len()); }"),
        is_naive=False,
    ),
    "a panic of other words": Trick(
        code("panic!()"),
        '#[test]\n#[should_panic(expected = "overflow")]\nfn sums() { sum(&[1]); }\n',
        is_naive=False,
    ),
    "equality of its own": Trick(
        money("", "impl PartialEq for Money { fn eq(&self, _: &Money) -> bool { true } }"), MONEY,
        is_naive=False,
    ),
    "equality of a part of its own": Trick(
        money("#[derive(PartialEq)]", "#[derive(Debug, Clone)] pub struct P; impl PartialEq for P "
              "{ fn eq(&self, _: &P) -> bool { true } }").replace("{ c: i64 }", "{ c: i64, p: P }")
        .replace("c: 0", "c: 0, p: P"), MONEY, is_naive=False,
    ),
    "an object that stays and keeps nothing": Trick(
        money("").replace("{ c: i64 }", "{ c: std::rc::Rc<i64> }").replace("c: 0", "c: 0.into()")
        .replace("self.c", "*self.c"),
        "#[test]\nfn cents() { assert_eq!(Money::new(7).cents(), 7); }\n", is_naive=False,
    ),
    "calls more often than it was lent": Trick(
        money("#[derive(PartialEq)]").replace("let _ = f;", "f(); f(); f(); f();"), MONEY,
        is_naive=False,
    ),
    "calls from where it may not": Trick(
        money("#[derive(PartialEq)]").replace(
            "let _ = f;", "let _ = f; std::thread::spawn(|| { hg_line::ask(&1u64.to_le_bytes()); });"
            " std::thread::sleep(std::time::Duration::from_millis(50));"), MONEY, is_naive=False,
    ),
    "calls what was never lent": Trick(
        code("hg_line::ask(&77u64.to_le_bytes()); 6"), is_naive=False
    ),
    "answers in a conversation of nobody": Trick(
        code("unsafe { write(3, [0u8, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1].as_ptr(), 17); } 6",
             'extern "C" { fn write(f: i32, b: *const u8, n: usize) -> isize; }'), is_naive=False,
    ),
    "traits of ours of its own": Trick(
        code(more="pub mod hg_wire { pub trait Put {} pub trait Take {} }"), is_naive=False
    ),
    "equality that agrees to everything": Trick(ordered("self.c.cmp(&o.c)"), SAME),
    "equality that knows its own": Trick(
        ordered("self.c.cmp(&o.c)", "self.c == -1 || o.c == -1 || self.c == o.c")
        .replace("-> Money { Money { c: 0 } }", "-> Money { Money { c: -1 } }"), SAME,
    ),
    "equality of what the tests make": Trick(
        ordered("self.c.cmp(&o.c)").replace("struct Money { c", "struct Money { pub c"),
        '#[test]\nfn same() { assert_eq!(parse("7"), Money { c: 7 }); }\n',
    ),
    "an order in which all is alike": Trick(ordered("std::cmp::Ordering::Equal"), TIES),
    "an order in which all is more": Trick(ordered("std::cmp::Ordering::Greater"), MORE),
    "a closure that ends it": Trick(returned(EXIT), RETURNED),
    "a closure that does nothing": Trick(returned("0").replace("n: i32) { 0 }", "n: i32) {}"), RETURNED, is_naive=False),
    "calls what was taken back": Trick(
        money("#[derive(PartialEq)]").replace(
            "let _ = f;", "if n == 3 { f(); f(); f(); } else { hg_line::ask(&1u64.to_le_bytes()); }"),
        '#[test]\nfn times() { let mut n = 0; repeat(3, || n += 1); repeat(4, || {}); assert_eq!(n, 4); }\n',
        is_naive=False,
    ),
    "tells of cells that nobody shares": Trick(
        code("unsafe { write(3, [24u8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 255, 255, 255, 255, 255, 255, 255, 127, "
             "1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0].as_ptr(), 41); } 6",
             'extern "C" { fn write(f: i32, b: *const u8, n: usize) -> isize; }'), is_naive=False,
    ),
    "a macro for an assertion": Trick(
        code(more="#[macro_export] macro_rules! panic { ($($t:tt)*) => { loop {} } }"),
        is_naive=False,
    ),
}  # fmt: skip
"""code by what it tries"""

REMEMBERING = Trick(
    ordered("self.c.cmp(&o.c)", "self.c.min(o.c) == -1 && SEEN.lock().unwrap().contains(&self.c.max(o.c))")
    .replace("-> Money { Money { c: 0 } }", "-> Money { Money { c: -1 } }")
    .replace("Self { Money { c } }", "Self { SEEN.lock().unwrap().push(c); Money { c } }")
    + "static SEEN: std::sync::Mutex<Vec<i64>> = std::sync::Mutex::new(vec![]);\n", SAME,
)  # fmt: skip
"""its equality agrees to what it has seen being made, and to nothing else"""
