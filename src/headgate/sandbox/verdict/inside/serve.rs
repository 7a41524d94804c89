// Serves the code under test: called by value from another process.
//
// Rule 1: whatever happens here, only values come of it: the test decides elsewhere.
// Rule 2: objects that are no data stay here, each under its number.
#[allow(dead_code)]
mod hg_serve {
    use super::hg_line::{ask, listen, set, words, Side};
    use super::hg_wire::{is_under, Put, Take};
    use std::collections::HashMap;
    use std::panic::{catch_unwind, AssertUnwindSafe};
    use std::rc::Rc;
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    use std::sync::{Arc, Mutex, OnceLock};

    type Perform = fn(&str, &mut &[u8], &mut Vec<u8>) -> Option<()>;
    static PERFORM: OnceLock<Perform> = OnceLock::new();
    /// Where an object stands, of which type, what drops it, and the pointer that shares it.
    #[derive(Clone, Copy)]
    struct Kept { at: usize, name: &'static str, end: fn(usize), shared: (u8, usize) }
    static HELD: OnceLock<Mutex<HashMap<u64, Kept>>> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(1);

    fn table() -> &'static Mutex<HashMap<u64, Kept>> { HELD.get_or_init(Default::default) }

    pub fn run(perform: Perform) {
        let _ = PERFORM.set(perform);
        set(Side { first: 2, serve, gone: |_| std::process::exit(0) });
        super::hg_lend::set(super::hg_lend::Way {
            ask: |number, body| back(&[&number.to_le_bytes()[..], body].concat()),
            release: |number| { back(&[[0u8; 8], number.to_le_bytes()].concat()); },
            gone: |_| std::process::exit(0),
            is_strict: false,
        });
        listen();
    }

    fn serve(body: &[u8]) -> Vec<u8> {
        let mut answer = vec![0u8];
        let done = catch_unwind(AssertUnwindSafe(|| {
            let mut from = body;
            let name = String::take(&mut from)?;
            match &name[..] {
                "hg_lent" => super::hg_lend::perform(&mut from, &mut answer),
                "hg_set" => set_one(&mut from),
                "hg_drop" => drop_one(u64::take(&mut from)?),
                _ => PERFORM.get()?(&name, &mut from, &mut answer),
            }
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

    fn add(it: Kept, out: &mut Vec<u8>) {
        let number = NEXT.fetch_add(1, SeqCst);
        table().lock().unwrap().insert(number, it);
        number.hg_put(out);
    }

    fn drop_one(number: u64) -> Option<()> {
        let it = table().lock().unwrap().remove(&number);
        it.map(|it| (it.end)(if it.shared.0 == 0 { it.at } else { it.shared.1 }))
    }

    /// Keeps an object; it is moved out of where it stood, unless it is only lent.
    pub fn keep<T>(it: &T, out: &mut Vec<u8>) {
        let name = std::any::type_name::<T>();
        if is_under() {
            return add(Kept { at: it as *const T as usize, name, end: |_| {}, shared: (0, 0) }, out);
        }
        let at = Box::into_raw(Box::new(unsafe { std::ptr::read(it) })) as usize;
        add(Kept { at, name, end: |at| drop(unsafe { Box::from_raw(at as *mut T) }), shared: (0, 0) }, out);
    }

    /// The same of an object that is shared: its pointer is kept.
    pub fn keep_rc<T>(it: &Rc<T>, out: &mut Vec<u8>) {
        let at = Rc::as_ptr(it) as usize;
        let whole = Box::into_raw(Box::new(it.clone())) as usize;
        let end = |it| drop(unsafe { Box::from_raw(it as *mut Rc<T>) });
        add(Kept { at, name: std::any::type_name::<T>(), end, shared: (1, whole) }, out);
    }

    pub fn keep_arc<T>(it: &Arc<T>, out: &mut Vec<u8>) {
        let at = Arc::as_ptr(it) as usize;
        let whole = Box::into_raw(Box::new(it.clone())) as usize;
        let end = |it| drop(unsafe { Box::from_raw(it as *mut Arc<T>) });
        add(Kept { at, name: std::any::type_name::<T>(), end, shared: (2, whole) }, out);
    }

    fn found<T>(from: &mut &[u8]) -> Option<Kept> {
        let it = *table().lock().unwrap().get(&u64::take(from)?)?;
        (it.name == std::any::type_name::<T>()).then_some(it)
    }

    pub fn held<T>(from: &mut &[u8]) -> Option<*mut T> { found::<T>(from).map(|it| it.at as *mut T) }

    pub fn held_rc<T>(from: &mut &[u8]) -> Option<Rc<T>> {
        let it = found::<T>(from)?;
        Some(unsafe { match it.shared {
            (1, whole) => (*(whole as *const Rc<T>)).clone(),
            _ => Rc::new(std::ptr::read(it.at as *const T)),
        } })
    }

    pub fn held_arc<T>(from: &mut &[u8]) -> Option<Arc<T>> {
        let it = found::<T>(from)?;
        Some(unsafe { match it.shared {
            (2, whole) => (*(whole as *const Arc<T>)).clone(),
            _ => Arc::new(std::ptr::read(it.at as *const T)),
        } })
    }

    type Set = fn(usize, &mut &[u8]) -> Option<()>;
    static CHANGED: OnceLock<Mutex<HashMap<u64, (usize, Set)>>> = OnceLock::new();

    /// What may be changed inside of an object: the tests have a copy, and send it back.
    pub struct Changed<'a, T>(pub &'a mut T, pub bool);
    impl<T: Put + Take> Put for Changed<'_, T> {
        fn hg_put(&self, out: &mut Vec<u8>) {
            let number = if self.1 { NEXT.fetch_add(1, SeqCst) } else { 0 };
            if number != 0 {
                let set: Set = |at, from| { unsafe { *(at as *mut T) = T::take(from)?; } Some(()) };
                let at = &*self.0 as *const T as usize;
                CHANGED.get_or_init(Default::default).lock().unwrap().insert(number, (at, set));
            }
            number.hg_put(out);
            (&*self.0).hg_put(out);
        }
    }

    fn set_one(from: &mut &[u8]) -> Option<()> {
        let number = u64::take(from)?;
        let (at, set) = *CHANGED.get_or_init(Default::default).lock().unwrap().get(&number)?;
        set(at, from)
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
