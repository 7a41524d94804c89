// Serves the code under test: called by value from another process.
//
// Rule 1: whatever happens here, only values come of it: the test decides elsewhere.
// Rule 2: objects that are no data stay here, each under its number.
#[allow(dead_code)]
mod hg_serve {
    use super::hg_line::{ask, listen, set, words, Side};
    use super::hg_wire::{Put, Take};
    use std::collections::HashMap;
    use std::panic::{catch_unwind, AssertUnwindSafe};
    use std::sync::{Mutex, OnceLock};

    type Perform = fn(&str, &mut &[u8], &mut Vec<u8>) -> Option<()>;
    static PERFORM: OnceLock<Perform> = OnceLock::new();
    static HELD: OnceLock<Mutex<HashMap<u64, (usize, &'static str)>>> = OnceLock::new();

    fn table() -> &'static Mutex<HashMap<u64, (usize, &'static str)>> { HELD.get_or_init(Default::default) }

    pub fn run(perform: Perform) {
        let _ = PERFORM.set(perform);
        set(Side { first: 2, serve, gone: |_| std::process::exit(0) });
        listen();
    }

    fn serve(body: &[u8]) -> Vec<u8> {
        let mut answer = vec![0u8];
        let done = catch_unwind(AssertUnwindSafe(|| {
            let mut from = body;
            let name = String::take(&mut from)?;
            PERFORM.get()?(&name, &mut from, &mut answer)
        }));
        match done {
            Ok(Some(())) => {}
            Ok(None) => std::process::exit(0),
            Err(panic) => {
                answer = vec![1u8];
                words(panic.as_ref()).hg_put(&mut answer);
            }
        }
        answer
    }

    /// Keeps an object; it is moved out of where it stood.
    pub fn keep<T>(it: &T, out: &mut Vec<u8>) {
        let at = Box::into_raw(Box::new(unsafe { std::ptr::read(it) }));
        let mut table = table().lock().unwrap();
        let number = table.len() as u64 + 1;
        table.insert(number, (at as usize, std::any::type_name::<T>()));
        number.hg_put(out);
    }

    pub fn held<T>(from: &mut &[u8]) -> Option<*mut T> {
        let (at, name) = *table().lock().unwrap().get(&u64::take(from)?)?;
        (name == std::any::type_name::<T>()).then_some(at as *mut T)
    }

    /// Calls what the tests lent; the body begins with its number.
    pub fn back(body: &[u8]) -> Vec<u8> {
        let answer = ask(body);
        match answer.first() {
            Some(0) => answer[1..].to_vec(),
            _ => {
                let mut from = answer.get(1..).unwrap_or(&[]);
                panic!("{}", String::take(&mut from).unwrap_or_default())
            }
        }
    }

    pub fn came<T: Take>(from: &mut &[u8]) -> T {
        T::take(from).unwrap_or_else(|| std::process::exit(0))
    }
}
