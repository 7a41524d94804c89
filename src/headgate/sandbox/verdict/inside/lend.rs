// Lends closures and objects to the other side, each under a number, and calls what is lent here.
//
// Rule 1: the same on both sides; what is lent is called with values and answers with values.
// Rule 2: what lives no longer than a call, or than what came of that call, is taken back then.
// Rule 3: what only one thread may call is called in the conversation that lent it.
#[allow(dead_code)]
mod hg_lend {
    use super::hg_line::number;
    use super::hg_wire::{is_under, Put, Take};
    use std::cell::{Cell, RefCell};
    use std::collections::HashMap;
    use std::panic::{catch_unwind, AssertUnwindSafe};
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::{Arc, Mutex, OnceLock};

    pub struct Way {
        /// Asks the other side for what it lent under a number.
        pub ask: fn(u64, &[u8]) -> Vec<u8>,
        pub release: fn(u64),
        pub gone: fn(&str) -> !,
        /// Whether the other side is held to the conversation that something was lent in.
        pub is_strict: bool,
    }
    static WAY: OnceLock<Way> = OnceLock::new();
    pub fn set(it: Way) { let _ = WAY.set(it); }
    fn way() -> &'static Way { WAY.get().expect("a way") }

    pub type One<'a> = Box<dyn FnMut(&mut &[u8], &mut Vec<u8>) -> Option<()> + 'a>;
    pub type Many<'a> = Box<dyn Fn(&mut &[u8], &mut Vec<u8>) -> Option<()> + 'a>;
    enum What { One(Mutex<One<'static>>), Many(Many<'static>) }
    struct Kept(What, u64);
    unsafe impl Send for Kept {}
    unsafe impl Sync for Kept {}
    static LOANS: OnceLock<Mutex<HashMap<u64, Arc<Kept>>>> = OnceLock::new();
    static LENT: AtomicUsize = AtomicUsize::new(0);

    fn loans() -> &'static Mutex<HashMap<u64, Arc<Kept>>> { LOANS.get_or_init(Default::default) }

    fn kept(what: What, only: u64) -> u64 {
        let at = LENT.fetch_add(1, SeqCst) as u64 + 1;
        loans().lock().unwrap().insert(at, Arc::new(Kept(what, only)));
        at
    }

    /// A number for what is lent; `shared`: other threads may call it, one at a time.
    pub fn lend(shared: bool, it: One<'_>) -> u64 {
        let it: One<'static> = unsafe { std::mem::transmute(it) };
        kept(What::One(Mutex::new(it)), if shared || !way().is_strict { 0 } else { number() })
    }

    /// The same of what many threads may call at once.
    pub fn lend_to_all(it: Many<'_>) -> u64 {
        let it: Many<'static> = unsafe { std::mem::transmute(it) };
        kept(What::Many(it), 0)
    }

    pub fn perform(from: &mut &[u8], out: &mut Vec<u8>) -> Option<()> {
        let at = u64::take(from)?;
        if at == 0 {
            let_go(u64::take(from)?);
            return Some(());
        }
        let found = loans().lock().unwrap().get(&at).cloned();
        let Some(loan) = found else { (way().gone)("the code called what was never lent") };
        if loan.1 != 0 && loan.1 != number() { (way().gone)("the code called from where it may not") }
        match &loan.0 {
            What::Many(it) => it(from, out),
            What::One(it) if loan.1 == 0 && way().is_strict => {
                (it.lock().unwrap_or_else(|it| it.into_inner()))(from, out)
            }
            What::One(it) => {
                let mut held = match it.try_lock() {
                    Ok(held) => held,
                    Err(std::sync::TryLockError::Poisoned(held)) => held.into_inner(),
                    Err(_) => (way().gone)("the code called what was being called"),
                };
                held(from, out)
            }
        }
    }

    /// The other side needs it no more; what belongs to another thread is let be.
    fn let_go(at: u64) {
        let mut held = loans().lock().unwrap();
        let mine = held.get(&at).is_some_and(|it| it.1 == 0 || it.1 == number());
        let found = if mine { held.remove(&at) } else { None };
        drop(held);
        drop(found);
    }

    /// Takes back what lives no longer, once nobody is in it.
    pub struct Back(pub u64);
    impl Drop for Back {
        fn drop(&mut self) {
            let gone = loans().lock().unwrap().remove(&self.0);
            if let Some(it) = gone {
                while Arc::strong_count(&it) > 1 { std::thread::yield_now(); }
            }
        }
    }

    /// What is taken back when nothing is left that came of a call.
    pub type With = Option<Arc<(Vec<Back>, Vec<With0>)>>;
    pub struct With0(#[allow(dead_code)] With);
    thread_local! {
        static FOR_NOW: Cell<bool> = const { Cell::new(false) };
        static BORROWED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
        static ATTACHED: RefCell<Vec<With>> = const { RefCell::new(Vec::new()) };
    }

    pub struct Attached;
    pub fn attach(mut backs: Vec<Back>, with: With) -> Attached {
        backs.extend(BORROWED.with(|it| it.take()).into_iter().map(Back));
        let more: Vec<With0> = with.into_iter().map(|it| With0(Some(it))).collect();
        let whole = if backs.is_empty() && more.is_empty() { None } else { Some(Arc::new((backs, more))) };
        ATTACHED.with(|it| it.borrow_mut().push(whole));
        Attached
    }
    impl Drop for Attached {
        fn drop(&mut self) { let it = ATTACHED.with(|it| it.borrow_mut().pop()); drop(it); }
    }
    pub fn with() -> With { ATTACHED.with(|it| it.borrow().last().cloned().flatten()) }

    pub fn both(a: With, b: With) -> With {
        match (a, b) {
            (Some(a), Some(b)) => Some(Arc::new((Vec::new(), vec![With0(Some(a)), With0(Some(b))]))),
            (a, b) => a.or(b),
        }
    }

    /// What the other side lends.
    pub struct Stub { number: u64, with: With }
    impl Stub {
        pub fn ask(&self, body: &[u8]) -> Vec<u8> { (way().ask)(self.number, body) }
    }
    impl Take for Stub {
        fn take(from: &mut &[u8]) -> Option<Self> { Some(Stub { number: u64::take(from)?, with: with() }) }
    }
    impl Drop for Stub {
        fn drop(&mut self) {
            let number = self.number;
            let _ = catch_unwind(AssertUnwindSafe(|| (way().release)(number)));
        }
    }
    pub fn came<T: Take>(from: &mut &[u8]) -> T {
        T::take(from).unwrap_or_else(|| (way().gone)("the code sent no value"))
    }

    /// Where something stands that is lent: moved there, or only looked at.
    pub struct Placed<T>(*mut T, bool);
    pub fn placed<T>(it: &T) -> Placed<T> {
        if is_under() { return Placed(it as *const T as *mut T, false); }
        Placed(Box::into_raw(Box::new(unsafe { std::ptr::read(it) })), true)
    }
    impl<T> Placed<T> {
        pub fn get(&mut self) -> &mut T { unsafe { &mut *self.0 } }
        pub fn look(&self) -> &T { unsafe { &*self.0 } }
        pub fn out(&mut self) -> Option<T> {
            if !std::mem::take(&mut self.1) { return None; }
            Some(*unsafe { Box::from_raw(self.0) })
        }
    }
    impl<T> Drop for Placed<T> {
        fn drop(&mut self) { if self.1 { drop(unsafe { Box::from_raw(self.0) }); } }
    }
    /// What is put meanwhile borrows from the tests: it goes when nothing is left of the call.
    pub fn for_now(put: impl FnOnce()) {
        FOR_NOW.with(|it| it.set(true));
        put();
        FOR_NOW.with(|it| it.set(false));
    }

    /// Tells the number of something lent; what was only looked at is taken back after the call.
    pub fn tell(at: u64, out: &mut Vec<u8>) {
        if (is_under() || FOR_NOW.with(|it| it.get())) && way().is_strict { BORROWED.with(|it| it.borrow_mut().push(at)); }
        at.hg_put(out);
    }

    /// An iterator of the other side, of which one item after the other is asked for.
    pub struct Iter<T> { stub: Stub, take: fn(&mut &[u8]) -> Option<T> }
    impl<T: Take> Take for Iter<T> {
        fn take(from: &mut &[u8]) -> Option<Self> { Some(Iter { stub: Stub::take(from)?, take: T::take }) }
    }
    impl<T> Iterator for Iter<T> {
        type Item = T;
        fn next(&mut self) -> Option<T> {
            let answer = self.stub.ask(&[]);
            let mut from = &answer[..];
            if !came::<bool>(&mut from) { return None; }
            Some((self.take)(&mut from).unwrap_or_else(|| (way().gone)("the code sent no value")))
        }
    }
    macro_rules! iterators {
        ($(($($more:tt)*))*) => {$(
            impl<'a, T: Put + 'a> Put for Box<dyn Iterator<Item = T> $($more)* + 'a> {
                fn hg_put(&self, out: &mut Vec<u8>) {
                    let mut it = placed(self);
                    let at = lend(false, Box::new(move |_, out| {
                        std::mem::ManuallyDrop::new(it.get().next()).hg_put(out);
                        Some(())
                    }));
                    tell(at, out);
                }
            }
            impl<T: Take + 'static> Take for Box<dyn Iterator<Item = T> $($more)*> {
                fn take(from: &mut &[u8]) -> Option<Self> { Some(Box::new(<Iter<T> as Take>::take(from)?)) }
            }
        )*};
    }
    iterators!(() (+ Send));
}
