// Carries values of plain data between a Rust test and the code it tests.
//
// Rule 1: a value is written by the shape of its type, and rebuilt by ours: no trait of the
// code's decides anything here.
#[allow(dead_code)]
mod hg_wire {
    use std::borrow::Cow;
    use std::cell::Cell;
    use std::cmp::{Ordering, Reverse};
    use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};
    use std::error::Error;
    use std::hash::Hash;
    use std::marker::PhantomData;
    use std::mem::ManuallyDrop;
    use std::num::{IntErrorKind, ParseFloatError, ParseIntError};
    use std::rc::Rc;
    use std::sync::Arc;
    use std::time::Duration;

    pub trait Put {
        fn hg_put(&self, out: &mut Vec<u8>);
        fn hg_put_rc(it: &Rc<Self>, out: &mut Vec<u8>) { (**it).hg_put(out); }
        fn hg_put_arc(it: &Arc<Self>, out: &mut Vec<u8>) { (**it).hg_put(out); }
    }

    pub trait Take: Sized {
        fn take(from: &mut &[u8]) -> Option<Self>;
        fn take_rc(from: &mut &[u8]) -> Option<Rc<Self>> { Self::take(from).map(Rc::new) }
        fn take_arc(from: &mut &[u8]) -> Option<Arc<Self>> { Self::take(from).map(Arc::new) }
    }

    thread_local! { static UNDER: Cell<usize> = const { Cell::new(0) }; }

    /// Whether what is written stands behind a reference: it belongs to somebody else then.
    pub fn is_under() -> bool { UNDER.with(|it| it.get()) > 0 }

    fn under(write: impl FnOnce()) {
        UNDER.with(|it| it.set(it.get() + 1));
        write();
        UNDER.with(|it| it.set(it.get() - 1));
    }

    macro_rules! numbers {
        ($($kind:ty)*) => {$(
            impl Put for $kind {
                fn hg_put(&self, out: &mut Vec<u8>) {
                    out.extend_from_slice(&self.to_le_bytes());
                }
            }
            impl Take for $kind {
                fn take(from: &mut &[u8]) -> Option<Self> {
                    let size = std::mem::size_of::<$kind>();
                    let (head, rest) = (from.get(..size)?, from.get(size..)?);
                    *from = rest;
                    Some(<$kind>::from_le_bytes(head.try_into().ok()?))
                }
            }
        )*};
    }
    numbers!(i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64);

    macro_rules! sized {
        ($($kind:ty as $wide:ty)*) => {$(
            impl Put for $kind {
                fn hg_put(&self, out: &mut Vec<u8>) { (*self as $wide).hg_put(out); }
            }
            impl Take for $kind {
                fn take(from: &mut &[u8]) -> Option<Self> {
                    <$kind>::try_from(<$wide>::take(from)?).ok()
                }
            }
        )*};
    }
    sized!(usize as u64 isize as i64);

    impl Put for bool {
        fn hg_put(&self, out: &mut Vec<u8>) { out.push(*self as u8); }
    }
    impl Take for bool {
        fn take(from: &mut &[u8]) -> Option<Self> { Some(u8::take(from)? == 1) }
    }
    impl Put for char {
        fn hg_put(&self, out: &mut Vec<u8>) { (*self as u32).hg_put(out); }
    }
    impl Take for char {
        fn take(from: &mut &[u8]) -> Option<Self> { char::from_u32(u32::take(from)?) }
    }
    impl Put for () {
        fn hg_put(&self, _: &mut Vec<u8>) {}
    }
    impl Take for () {
        fn take(_: &mut &[u8]) -> Option<Self> { Some(()) }
    }
    impl Put for str {
        fn hg_put(&self, out: &mut Vec<u8>) {
            self.len().hg_put(out);
            out.extend_from_slice(self.as_bytes());
        }
    }
    impl Put for String {
        fn hg_put(&self, out: &mut Vec<u8>) { self.as_str().hg_put(out); }
    }
    impl Take for String {
        fn take(from: &mut &[u8]) -> Option<Self> {
            let size = usize::take(from)?;
            let (head, rest) = (from.get(..size)?, from.get(size..)?);
            *from = rest;
            String::from_utf8(head.to_vec()).ok()
        }
    }
    impl Take for &'static str {
        fn take(from: &mut &[u8]) -> Option<Self> {
            Some(Box::leak(String::take(from)?.into_boxed_str()))
        }
    }
    impl<T: Put + ?Sized> Put for &T {
        fn hg_put(&self, out: &mut Vec<u8>) { under(|| (**self).hg_put(out)); }
    }
    impl<T: Put + ?Sized> Put for &mut T {
        fn hg_put(&self, out: &mut Vec<u8>) { under(|| (**self).hg_put(out)); }
    }
    impl<T: Put> Put for ManuallyDrop<T> {
        fn hg_put(&self, out: &mut Vec<u8>) { (**self).hg_put(out); }
    }
    impl<T: Put> Put for Rc<T> {
        fn hg_put(&self, out: &mut Vec<u8>) { T::hg_put_rc(self, out); }
    }
    impl<T: Take> Take for Rc<T> {
        fn take(from: &mut &[u8]) -> Option<Self> { T::take_rc(from) }
    }
    impl<T: Put> Put for Arc<T> {
        fn hg_put(&self, out: &mut Vec<u8>) { T::hg_put_arc(self, out); }
    }
    impl<T: Take> Take for Arc<T> {
        fn take(from: &mut &[u8]) -> Option<Self> { T::take_arc(from) }
    }
    impl Take for Rc<str> {
        fn take(from: &mut &[u8]) -> Option<Self> { String::take(from).map(Into::into) }
    }
    impl Take for Arc<str> {
        fn take(from: &mut &[u8]) -> Option<Self> { String::take(from).map(Into::into) }
    }
    impl Put for Rc<str> {
        fn hg_put(&self, out: &mut Vec<u8>) { (**self).hg_put(out); }
    }
    impl Put for Arc<str> {
        fn hg_put(&self, out: &mut Vec<u8>) { (**self).hg_put(out); }
    }
    impl<T: Put> Put for std::vec::IntoIter<T> {
        fn hg_put(&self, out: &mut Vec<u8>) { self.as_slice().hg_put(out); }
    }
    impl<T: Take> Take for std::vec::IntoIter<T> {
        fn take(from: &mut &[u8]) -> Option<Self> { Vec::take(from).map(|it| it.into_iter()) }
    }
    impl<T: Put> Put for std::slice::Iter<'_, T> {
        fn hg_put(&self, out: &mut Vec<u8>) { under(|| self.as_slice().hg_put(out)); }
    }
    impl<T: Take> Take for std::slice::Iter<'static, T> {
        fn take(from: &mut &[u8]) -> Option<Self> { <&'static [T]>::take(from).map(|it| it.iter()) }
    }
    impl<T: Put + ?Sized> Put for Box<T> {
        fn hg_put(&self, out: &mut Vec<u8>) { (**self).hg_put(out); }
    }
    impl<T: Take> Take for Box<T> {
        fn take(from: &mut &[u8]) -> Option<Self> { T::take(from).map(Box::new) }
    }
    impl<T: Take> Take for &'static T {
        fn take(from: &mut &[u8]) -> Option<Self> { Some(Box::leak(Box::new(T::take(from)?))) }
    }
    impl<T: Put> Put for [T] {
        fn hg_put(&self, out: &mut Vec<u8>) {
            self.len().hg_put(out);
            self.iter().for_each(|it| it.hg_put(out));
        }
    }
    impl<T: Take> Take for &'static [T] {
        fn take(from: &mut &[u8]) -> Option<Self> { Some(Box::leak(Box::new(Vec::take(from)?))) }
    }
    impl<T: Put, const N: usize> Put for [T; N] {
        fn hg_put(&self, out: &mut Vec<u8>) { self.iter().for_each(|it| it.hg_put(out)); }
    }
    impl<T: Take, const N: usize> Take for [T; N] {
        fn take(from: &mut &[u8]) -> Option<Self> {
            let mut made = Vec::new();
            for _ in 0..N { made.push(T::take(from)?); }
            made.try_into().ok()
        }
    }

    macro_rules! lists {
        ($($kind:ident $add:ident [$($need:tt)*])*) => {$(
            impl<T: Put> Put for $kind<T> {
                fn hg_put(&self, out: &mut Vec<u8>) {
                    self.len().hg_put(out);
                    self.iter().for_each(|it| it.hg_put(out));
                }
            }
            impl<T: Take + $($need)*> Take for $kind<T> {
                fn take(from: &mut &[u8]) -> Option<Self> {
                    let mut made = <$kind<T>>::new();
                    for _ in 0..usize::take(from)? { made.$add(T::take(from)?); }
                    Some(made)
                }
            }
        )*};
    }
    lists!(Vec push [Sized] VecDeque push_back [Sized] HashSet insert [Eq + Hash]
        BTreeSet insert [Ord] BinaryHeap push [Ord]);

    macro_rules! maps {
        ($($kind:ident [$($need:tt)*])*) => {$(
            impl<K: Put, V: Put> Put for $kind<K, V> {
                fn hg_put(&self, out: &mut Vec<u8>) {
                    self.len().hg_put(out);
                    self.iter().for_each(|(key, value)| { key.hg_put(out); value.hg_put(out); });
                }
            }
            impl<K: Take + $($need)*, V: Take> Take for $kind<K, V> {
                fn take(from: &mut &[u8]) -> Option<Self> {
                    let mut made = <$kind<K, V>>::new();
                    for _ in 0..usize::take(from)? { made.insert(K::take(from)?, V::take(from)?); }
                    Some(made)
                }
            }
        )*};
    }
    maps!(HashMap [Eq + Hash] BTreeMap [Ord]);

    impl<T: Put> Put for Option<T> {
        fn hg_put(&self, out: &mut Vec<u8>) {
            self.is_some().hg_put(out);
            if let Some(it) = self { it.hg_put(out); }
        }
    }
    impl<T: Take> Take for Option<T> {
        fn take(from: &mut &[u8]) -> Option<Self> {
            Some(if bool::take(from)? { Some(T::take(from)?) } else { None })
        }
    }
    impl<T: Put, E: Put> Put for Result<T, E> {
        fn hg_put(&self, out: &mut Vec<u8>) {
            self.is_ok().hg_put(out);
            match self { Ok(it) => it.hg_put(out), Err(it) => it.hg_put(out) }
        }
    }
    impl<T: Take, E: Take> Take for Result<T, E> {
        fn take(from: &mut &[u8]) -> Option<Self> {
            Some(if bool::take(from)? { Ok(T::take(from)?) } else { Err(E::take(from)?) })
        }
    }

    macro_rules! tuples {
        ($(($($name:ident)*))*) => {$(
            impl<$($name: Put),*> Put for ($($name,)*) {
                #[allow(non_snake_case)]
                fn hg_put(&self, out: &mut Vec<u8>) {
                    let ($($name,)*) = self;
                    $($name.hg_put(out);)*
                }
            }
            impl<$($name: Take),*> Take for ($($name,)*) {
                fn take(from: &mut &[u8]) -> Option<Self> { Some(($($name::take(from)?,)*)) }
            }
        )*};
    }
    tuples!((A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H));

    impl Put for Duration {
        fn hg_put(&self, out: &mut Vec<u8>) { self.as_nanos().hg_put(out); }
    }
    impl Take for Duration {
        fn take(from: &mut &[u8]) -> Option<Self> {
            let all = u128::take(from)?;
            Some(Duration::new((all / 1_000_000_000).try_into().ok()?, (all % 1_000_000_000) as u32))
        }
    }
    impl Put for Ordering {
        fn hg_put(&self, out: &mut Vec<u8>) { (*self as i8).hg_put(out); }
    }
    impl Take for Ordering {
        fn take(from: &mut &[u8]) -> Option<Self> { Some(i8::take(from)?.cmp(&0)) }
    }
    impl<T: Put> Put for Reverse<T> {
        fn hg_put(&self, out: &mut Vec<u8>) { self.0.hg_put(out); }
    }
    impl<T: Take> Take for Reverse<T> {
        fn take(from: &mut &[u8]) -> Option<Self> { T::take(from).map(Reverse) }
    }
    impl<T> Put for PhantomData<T> {
        fn hg_put(&self, _: &mut Vec<u8>) {}
    }
    impl<T> Take for PhantomData<T> {
        fn take(_: &mut &[u8]) -> Option<Self> { Some(PhantomData) }
    }
    impl Put for Cow<'_, str> {
        fn hg_put(&self, out: &mut Vec<u8>) { (**self).hg_put(out); }
    }
    impl Take for Cow<'static, str> {
        fn take(from: &mut &[u8]) -> Option<Self> { String::take(from).map(Cow::Owned) }
    }
    impl<T: Put> Put for std::ops::Range<T> {
        fn hg_put(&self, out: &mut Vec<u8>) { self.start.hg_put(out); self.end.hg_put(out); }
    }
    impl<T: Take> Take for std::ops::Range<T> {
        fn take(from: &mut &[u8]) -> Option<Self> { Some(T::take(from)?..T::take(from)?) }
    }

    const BAD: [&str; 4] = ["", "x", "999", "-999"];
    impl Put for ParseIntError {
        fn hg_put(&self, out: &mut Vec<u8>) {
            (match self.kind() {
                IntErrorKind::Empty => 0u8,
                IntErrorKind::PosOverflow => 2,
                IntErrorKind::NegOverflow => 3,
                _ => 1,
            }).hg_put(out);
        }
    }
    impl Take for ParseIntError {
        fn take(from: &mut &[u8]) -> Option<Self> {
            BAD.get(u8::take(from)? as usize)?.parse::<i8>().err()
        }
    }
    impl Put for ParseFloatError {
        fn hg_put(&self, out: &mut Vec<u8>) { self.to_string().contains("empty").hg_put(out); }
    }
    impl Take for ParseFloatError {
        fn take(from: &mut &[u8]) -> Option<Self> {
            (if bool::take(from)? { "" } else { "x" }).parse::<f64>().err()
        }
    }
    impl Put for std::fmt::Error {
        fn hg_put(&self, _: &mut Vec<u8>) {}
    }
    impl Take for std::fmt::Error {
        fn take(_: &mut &[u8]) -> Option<Self> { Some(std::fmt::Error) }
    }
    impl Put for dyn Error {
        fn hg_put(&self, out: &mut Vec<u8>) { self.to_string().hg_put(out); }
    }
    impl Put for dyn Error + Send + Sync {
        fn hg_put(&self, out: &mut Vec<u8>) { self.to_string().hg_put(out); }
    }
    impl Take for Box<dyn Error> {
        fn take(from: &mut &[u8]) -> Option<Self> { String::take(from).map(Into::into) }
    }
    impl Take for Box<dyn Error + Send + Sync> {
        fn take(from: &mut &[u8]) -> Option<Self> { String::take(from).map(Into::into) }
    }
}
