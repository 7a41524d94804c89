// Judges Rust: runs the tests here and the code elsewhere, and reports what it saw.
//
// Rule 1: a test counts when its function returned, or panicked where that is asked for.
// Rule 2: this process is hidden before the code's exists: no ptrace, no /proc entries.
#[allow(dead_code)]
mod hg_judge {
    use super::hg_line::{ask, listen, set, words, Side};
    use super::hg_wire::{Put, Take};
    use std::cell::{Cell, RefCell};
    use std::fs::File;
    use std::io::Write;
    use std::os::fd::FromRawFd;
    use std::panic::{catch_unwind, set_hook, AssertUnwindSafe};
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::Mutex;

    extern "C" {
        fn prctl(option: i32, a: usize, b: usize, c: usize, d: usize) -> i32;
    }

    static SEEN: AtomicUsize = AtomicUsize::new(0);
    static PASSED: AtomicUsize = AtomicUsize::new(0);
    static FAILURE: Mutex<String> = Mutex::new(String::new());
    static AT: Mutex<String> = Mutex::new(String::new());

    pub fn begin() {
        const DUMPABLE: i32 = 4;
        assert!(unsafe { prctl(DUMPABLE, 0, 0, 0, 0) } == 0);
        set_hook(Box::new(|it| *AT.lock().unwrap() = format!("{it}")));
        set(Side { first: 1, serve, gone: |it| gone(it) });
        super::hg_lend::set(super::hg_lend::Way { ask: back, release, gone: |it| gone(it), is_strict: true });
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
        if !super::hg_order::is_order() { gone("the code has an order that tells nothing apart"); }
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

    pub fn gone(what: &str) -> ! {
        tell("ended", &format!("{what}, at check {}", SEEN.load(SeqCst)));
    }

    pub fn unable(what: &str) -> ! { tell("untestable", what) }

    /// The code calls what was lent to it, and nothing else.
    fn serve(body: &[u8]) -> Vec<u8> {
        let mut from = body;
        let mut answer = vec![0u8];
        match catch_unwind(AssertUnwindSafe(|| super::hg_lend::perform(&mut from, &mut answer))) {
            Ok(Some(())) => answer,
            Ok(None) => gone("the code sent no value"),
            Err(panic) => {
                answer = vec![1u8];
                words(panic.as_ref()).hg_put(&mut answer);
                answer
            }
        }
    }

    /// Calls what the code lent.
    fn back(number: u64, body: &[u8]) -> Vec<u8> {
        let mut whole = named("hg_lent");
        number.hg_put(&mut whole);
        whole.extend_from_slice(body);
        call(whole)
    }

    fn release(number: u64) {
        let mut body = named("hg_lent");
        0u64.hg_put(&mut body);
        number.hg_put(&mut body);
        let _ = call(body);
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

    /// What tests may change inside of an object of the code: their copy, and what was sent of it.
    struct Copied { owner: u64, number: u64, now: Box<dyn Fn() -> Vec<u8>>, sent: Vec<u8> }
    thread_local! {
        static COPIED: RefCell<Vec<Copied>> = const { RefCell::new(Vec::new()) };
        static OWNER: Cell<u64> = const { Cell::new(0) };
    }
    pub fn owned_by(number: u64) { OWNER.with(|it| it.set(number)); }

    impl<T: Put + Take> Take for &'static mut T {
        fn take(from: &mut &[u8]) -> Option<Self> {
            let number = u64::take(from)?;
            let at: *mut T = Box::into_raw(Box::new(T::take(from)?));
            if number != 0 {
                let now = Box::new(move || { let mut out = Vec::new(); unsafe { (*at).hg_put(&mut out); } out });
                let one = Copied { owner: OWNER.with(|it| it.get()), number, sent: now(), now };
                COPIED.with(|it| it.borrow_mut().push(one));
            }
            Some(unsafe { &mut *at })
        }
    }

    /// Sends what tests have changed, before an object is used again.
    pub fn settle(owner: u64) {
        let mut changed = Vec::new();
        COPIED.with(|all| {
            let mut all = all.borrow_mut();
            for it in all.iter_mut() {
                let now = (it.now)();
                if now != it.sent {
                    changed.push((it.number, now.clone()));
                    it.sent = now;
                }
            }
            all.retain(|it| it.owner != owner);
        });
        for (number, now) in changed {
            let mut body = named("hg_set");
            number.hg_put(&mut body);
            body.extend_from_slice(&now);
            call(body);
        }
    }

    pub fn named(name: &str) -> Vec<u8> {
        let mut body = Vec::new();
        name.hg_put(&mut body);
        body
    }
}
