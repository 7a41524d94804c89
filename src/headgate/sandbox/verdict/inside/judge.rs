// Judges Rust: runs the tests here and the code elsewhere, and reports what it saw.
//
// Rule 1: a test counts when its function returned, or panicked where that is asked for.
// Rule 2: this process is hidden before the code's exists: no ptrace, no /proc entries.
#[allow(dead_code)]
mod hg_judge {
    use super::hg_line::{ask, listen, number, set, words, Side};
    use super::hg_wire::{Put, Take};
    use std::fs::File;
    use std::io::Write;
    use std::os::fd::FromRawFd;
    use std::collections::HashMap;
    use std::panic::{catch_unwind, set_hook, AssertUnwindSafe};
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::{Arc, Mutex, OnceLock};

    extern "C" {
        fn prctl(option: i32, a: usize, b: usize, c: usize, d: usize) -> i32;
    }

    static SEEN: AtomicUsize = AtomicUsize::new(0);
    static PASSED: AtomicUsize = AtomicUsize::new(0);
    static FAILURE: Mutex<String> = Mutex::new(String::new());
    static AT: Mutex<String> = Mutex::new(String::new());

    /// What the tests lend: called by number, with arguments and for an answer as bytes.
    pub type Loan<'a> = Box<dyn FnMut(&mut &[u8], &mut Vec<u8>) -> Option<()> + 'a>;
    struct Kept(Mutex<Loan<'static>>, u64);
    unsafe impl Send for Kept {}
    unsafe impl Sync for Kept {}
    static LOANS: OnceLock<Mutex<HashMap<u64, Arc<Kept>>>> = OnceLock::new();
    static LENT: AtomicUsize = AtomicUsize::new(0);

    pub fn begin() {
        const DUMPABLE: i32 = 4;
        assert!(unsafe { prctl(DUMPABLE, 0, 0, 0, 0) } == 0);
        set_hook(Box::new(|it| *AT.lock().unwrap() = format!("{it}")));
        set(Side { first: 1, serve, gone: |it| gone(it) });
        step("r");
        std::thread::spawn(listen);
    }

    /// Who ends a test that takes too long is told which begins or has ended.
    fn step(word: &str) {
        let mut line = std::mem::ManuallyDrop::new(unsafe { File::from_raw_fd(5) });
        line.write_all(word.as_bytes()).unwrap();
    }

    pub fn seen() { SEEN.fetch_add(1, SeqCst); }
    pub fn passed() { PASSED.fetch_add(1, SeqCst); }

    fn fail(text: String) {
        let mut failure = FAILURE.lock().unwrap();
        if failure.is_empty() { *failure = text; }
    }

    pub fn run<T: Ended>(name: &str, counts: bool, panics: Option<&str>, test: impl Fn() -> T) {
        if counts { seen(); }
        step(&format!("+{name}\n"));
        let held = match catch_unwind(AssertUnwindSafe(test)) {
            Ok(it) => it.is_well() && panics.is_none(),
            Err(_) => panics.is_some_and(|it| AT.lock().unwrap().contains(it)),
        };
        step(&format!("-{name}\n"));
        if held {
            if counts { passed(); }
        } else {
            let at = AT.lock().unwrap().clone();
            fail(format!("{name}: {}", if at.is_empty() { "it returned an error, or no panic" } else { &at }));
        }
    }

    pub trait Ended { fn is_well(&self) -> bool; }
    impl Ended for () { fn is_well(&self) -> bool { true } }
    impl<T, E> Ended for Result<T, E> { fn is_well(&self) -> bool { self.is_ok() } }

    fn quoted(text: &str) -> String {
        let mut out = String::from("\"");
        for sign in text.chars().take(600) {
            match sign {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                it if (it as u32) < 32 => out.push_str(&format!("\\u{:04x}", it as u32)),
                it => out.push(it),
            }
        }
        out + "\""
    }

    pub fn report() {
        let failure = FAILURE.lock().unwrap().clone();
        let (seen, passed) = (SEEN.load(SeqCst), PASSED.load(SeqCst));
        let ending = match () {
            _ if !failure.is_empty() || seen != passed => "failed",
            _ if seen == 0 => "no_checks",
            _ => "passed",
        };
        tell(ending, &failure);
    }

    fn tell(ending: &str, failure: &str) -> ! {
        let text = format!(
            "{{\"ending\":\"{ending}\",\"seen\":{},\"passed\":{},\"failure\":{},\"suspicion\":[],\"apart\":true}}",
            SEEN.load(SeqCst), PASSED.load(SeqCst), quoted(failure));
        let _ = unsafe { File::from_raw_fd(4) }.write_all(text.as_bytes());
        std::process::exit(0);
    }

    fn gone(what: &str) -> ! {
        tell("ended", &format!("{what}, at check {}", SEEN.load(SeqCst)));
    }

    pub fn unable(what: &str) -> ! { tell("untestable", what) }

    /// The code calls what was lent to it, and nothing else; what only one thread may call is
    /// not called by another.
    fn serve(body: &[u8]) -> Vec<u8> {
        let mut from = body;
        let loan = u64::take(&mut from)
            .and_then(|it| LOANS.get_or_init(Default::default).lock().unwrap().get(&it).cloned());
        let Some(loan) = loan else { gone("the code called what was never lent") };
        if loan.1 != 0 && loan.1 != number() { gone("the code called from where it may not"); }
        let held = if loan.1 == 0 { Some(loan.0.lock().unwrap_or_else(|it| it.into_inner())) } else { loan.0.try_lock().ok() };
        let Some(mut held) = held else { gone("the code called what was being called") };
        let mut answer = vec![0u8];
        match catch_unwind(AssertUnwindSafe(|| held(&mut from, &mut answer))) {
            Ok(Some(())) => answer,
            Ok(None) => gone("the code sent no value"),
            Err(panic) => {
                answer = vec![1u8];
                words(panic.as_ref()).hg_put(&mut answer);
                answer
            }
        }
    }

    /// A number for what is lent; `shared`: other threads may call it.
    pub fn lend(shared: bool, it: Loan<'_>) -> u64 {
        let it: Loan<'static> = unsafe { std::mem::transmute(it) };
        let at = LENT.fetch_add(1, SeqCst) as u64 + 1;
        let kept = Arc::new(Kept(Mutex::new(it), if shared { 0 } else { number() }));
        LOANS.get_or_init(Default::default).lock().unwrap().insert(at, kept);
        at
    }

    /// Takes back what lives no longer than the call, once nobody is in it.
    pub struct Back(pub u64);
    impl Drop for Back {
        fn drop(&mut self) {
            let gone = LOANS.get_or_init(Default::default).lock().unwrap().remove(&self.0);
            if let Some(it) = gone {
                while Arc::strong_count(&it) > 1 { std::thread::yield_now(); }
            }
        }
    }

    pub fn call(body: Vec<u8>) -> Vec<u8> {
        let answer = ask(&body);
        let mut from = &answer[..];
        match u8::take(&mut from) {
            Some(0) => from.to_vec(),
            Some(1) => match String::take(&mut from) {
                Some(text) => panic!("{text}"),
                None => gone("the code sent no value"),
            },
            _ => gone("the code sent no value"),
        }
    }

    pub fn taken<T: Take>(from: &mut &[u8]) -> T {
        T::take(from).unwrap_or_else(|| gone("the code sent no value"))
    }

    pub fn named(name: &str) -> Vec<u8> {
        let mut body = Vec::new();
        name.hg_put(&mut body);
        body
    }
}
