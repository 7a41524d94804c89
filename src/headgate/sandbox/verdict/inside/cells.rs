// Keeps what both sides share and change the same: a cell or lock behind a counted pointer.
//
// Rule 1: each side has its own; what changed is told whenever something crosses.
// Rule 2: neither is kept alive for that.
#[allow(dead_code)]
mod hg_cells {
    use super::hg_wire::{Put, Take};
    use std::any::Any;
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    use std::sync::{Arc, Mutex, RwLock};

    pub trait Shared: Sized + 'static {
        fn bytes(&self) -> Option<Vec<u8>>;
        fn fill(&self, from: &mut &[u8]) -> Option<()>;
        fn made(from: &mut &[u8]) -> Option<Self>;
    }
    fn written<T: Put>(it: &T) -> Vec<u8> {
        let mut out = Vec::new();
        it.hg_put(&mut out);
        out
    }
    macro_rules! shared {
        ($($kind:ident $look:ident $change:ident)*) => {$(
            impl<T: Put + Take + 'static> Shared for $kind<T> {
                fn bytes(&self) -> Option<Vec<u8>> { self.$look().ok().map(|it| written(&*it)) }
                fn fill(&self, from: &mut &[u8]) -> Option<()> {
                    let made = T::take(from)?;
                    if let Ok(mut it) = self.$change() { *it = made; }
                    Some(())
                }
                fn made(from: &mut &[u8]) -> Option<Self> { T::take(from).map($kind::new) }
            }
            shared!(wire [T: Put + Take + 'static] $kind<T>);
        )*};
        (wire [$($more:tt)*] $kind:ty) => {
            impl<$($more)*> Put for $kind {
                fn hg_put(&self, out: &mut Vec<u8>) { out.extend(self.bytes().unwrap_or_else(|| panic!("it is in use"))); }
                fn hg_put_rc(it: &Rc<Self>, out: &mut Vec<u8>) { put(Rc::as_ptr(it) as usize, Box::new(Rc::downgrade(it)), &**it, rc::<Self>, out) }
                fn hg_put_arc(it: &Arc<Self>, out: &mut Vec<u8>) { put(Arc::as_ptr(it) as usize, Box::new(Arc::downgrade(it)), &**it, arc::<Self>, out) }
            }
            impl<$($more)*> Take for $kind {
                fn take(from: &mut &[u8]) -> Option<Self> { Self::made(from) }
                fn take_rc(from: &mut &[u8]) -> Option<Rc<Self>> {
                    take(from, Rc::new, |it| it.downcast_ref::<std::rc::Weak<Self>>()?.upgrade(),
                         |it| (Rc::as_ptr(it) as usize, Box::new(Rc::downgrade(it)), rc::<Self>))
                }
                fn take_arc(from: &mut &[u8]) -> Option<Arc<Self>> {
                    take(from, Arc::new, |it| it.downcast_ref::<std::sync::Weak<Self>>()?.upgrade(),
                         |it| (Arc::as_ptr(it) as usize, Box::new(Arc::downgrade(it)), arc::<Self>))
                }
            }
        };
    }
    shared!(RefCell try_borrow try_borrow_mut Mutex try_lock try_lock RwLock try_read try_write);
    impl<T: Put + Take + Copy + 'static> Shared for Cell<T> {
        fn bytes(&self) -> Option<Vec<u8>> { Some(written(&self.get())) }
        fn fill(&self, from: &mut &[u8]) -> Option<()> { self.set(T::take(from)?); Some(()) }
        fn made(from: &mut &[u8]) -> Option<Self> { T::take(from).map(Cell::new) }
    }
    shared!(wire [T: Put + Take + Copy + 'static] Cell<T>);
    macro_rules! atomics {
        ($($kind:ident $of:ty)*) => {$(
            impl Shared for std::sync::atomic::$kind {
                fn bytes(&self) -> Option<Vec<u8>> { Some(written(&self.load(SeqCst))) }
                fn fill(&self, from: &mut &[u8]) -> Option<()> { self.store(<$of>::take(from)?, SeqCst); Some(()) }
                fn made(from: &mut &[u8]) -> Option<Self> { <$of>::take(from).map(Self::new) }
            }
            shared!(wire [] std::sync::atomic::$kind);
        )*};
    }
    atomics!(AtomicUsize usize AtomicU64 u64 AtomicU32 u32 AtomicI64 i64 AtomicI32 i32 AtomicBool bool);

    /// What is done with a cell that is still there: read it, or fill it.
    type Use = fn(&dyn Any, Option<&mut &[u8]>) -> Option<Vec<u8>>;
    struct Known { id: u64, at: usize, weak: Box<dyn Any>, with: Use, sent: Vec<u8> }
    static NEXT: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
        static WITHIN: Cell<bool> = const { Cell::new(false) };
    }
    fn used<C: Shared>(it: &C, fill: Option<&mut &[u8]>) -> Option<Vec<u8>> {
        if let Some(from) = fill { it.fill(from)?; }
        let was = WITHIN.with(|it| it.replace(true));
        let found = it.bytes();
        WITHIN.with(|it| it.set(was));
        found
    }
    fn rc<C: Shared>(it: &dyn Any, fill: Option<&mut &[u8]>) -> Option<Vec<u8>> {
        used(&*it.downcast_ref::<std::rc::Weak<C>>()?.upgrade()?, fill)
    }
    fn arc<C: Shared>(it: &dyn Any, fill: Option<&mut &[u8]>) -> Option<Vec<u8>> {
        used(&*it.downcast_ref::<std::sync::Weak<C>>()?.upgrade()?, fill)
    }

    /// What stands within another cell goes with it; others have a number.
    fn put<C: Shared>(at: usize, weak: Box<dyn Any>, it: &C, with: Use, out: &mut Vec<u8>) {
        let within = WITHIN.with(|it| it.get());
        let sent = used(it, None).unwrap_or_else(|| panic!("what is handed over is in use"));
        let id = if within { 0 } else {
            KNOWN.with(|all| {
                let mut all = all.borrow_mut();
                let found = all.iter_mut().find(|it| it.at == at && (it.with)(&*it.weak, None).is_some());
                if let Some(it) = found { it.sent = sent.clone(); return it.id; }
                let id = 2 * NEXT.fetch_add(1, SeqCst) + super::hg_line::first();
                all.push(Known { id, at, weak, with, sent: sent.clone() });
                id
            })
        };
        id.hg_put(out);
        out.extend(sent);
    }

    fn take<C: Shared, P>(
        from: &mut &[u8], new: fn(C) -> P, known: fn(&dyn Any) -> Option<P>,
        weak: fn(&P) -> (usize, Box<dyn Any>, Use),
    ) -> Option<P> where P: std::ops::Deref<Target = C> {
        let id = u64::take(from)?;
        let found = KNOWN.with(|all| all.borrow().iter().find(|it| it.id == id).and_then(|it| known(&*it.weak)));
        let it = match found {
            Some(it) if id != 0 => { it.fill(from)?; it }
            _ => new(C::made(from)?),
        };
        if id != 0 {
            let (at, weak, with) = weak(&it);
            let sent = used(&*it, None)?;
            KNOWN.with(|all| {
                let mut all = all.borrow_mut();
                all.retain(|it| it.id != id);
                all.push(Known { id, at, weak, with, sent });
            });
        }
        Some(it)
    }

    /// What changed since it was told.
    pub fn changed() -> Vec<u8> {
        let mut found = Vec::new();
        KNOWN.with(|all| {
            for it in all.borrow_mut().iter_mut() {
                let Some(now) = (it.with)(&*it.weak, None) else { continue };
                if now != it.sent {
                    it.sent = now.clone();
                    found.push((it.id, now));
                }
            }
        });
        written(&found)
    }

    /// Fills in what the other side changed; what is nowhere any more is passed over.
    pub fn told(from: &mut &[u8]) -> Option<()> {
        for (id, now) in <Vec<(u64, Vec<u8>)>>::take(from)? {
            KNOWN.with(|all| {
                let mut all = all.borrow_mut();
                let Some(it) = all.iter_mut().find(|it| it.id == id) else { return };
                if let Some(sent) = (it.with)(&*it.weak, Some(&mut &now[..])) { it.sent = sent; }
            });
        }
        Some(())
    }
}
