// Carries values of plain data between a Rust test and the code it tests.
//
// Rule 1: a value is written by the shape of its type, and rebuilt by ours: no trait of the
// code's decides anything here.
#[allow(dead_code)]
mod hg_wire {
    use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
    use std::fs::File;
    use std::hash::Hash;
    use std::io::{Read, Write};
    use std::mem::ManuallyDrop;
    use std::os::fd::FromRawFd;

    const LARGEST: u64 = 256 << 20;

    pub trait Put {
        fn put(&self, out: &mut Vec<u8>);
    }

    pub trait Take: Sized {
        fn take(from: &mut &[u8]) -> Option<Self>;
    }

    macro_rules! numbers {
        ($($kind:ty)*) => {$(
            impl Put for $kind {
                fn put(&self, out: &mut Vec<u8>) {
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
                fn put(&self, out: &mut Vec<u8>) { (*self as $wide).put(out); }
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
        fn put(&self, out: &mut Vec<u8>) { out.push(*self as u8); }
    }
    impl Take for bool {
        fn take(from: &mut &[u8]) -> Option<Self> { Some(u8::take(from)? == 1) }
    }
    impl Put for char {
        fn put(&self, out: &mut Vec<u8>) { (*self as u32).put(out); }
    }
    impl Take for char {
        fn take(from: &mut &[u8]) -> Option<Self> { char::from_u32(u32::take(from)?) }
    }
    impl Put for () {
        fn put(&self, _: &mut Vec<u8>) {}
    }
    impl Take for () {
        fn take(_: &mut &[u8]) -> Option<Self> { Some(()) }
    }
    impl Put for str {
        fn put(&self, out: &mut Vec<u8>) {
            self.len().put(out);
            out.extend_from_slice(self.as_bytes());
        }
    }
    impl Put for String {
        fn put(&self, out: &mut Vec<u8>) { self.as_str().put(out); }
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
        fn put(&self, out: &mut Vec<u8>) { (**self).put(out); }
    }
    impl<T: Put + ?Sized> Put for &mut T {
        fn put(&self, out: &mut Vec<u8>) { (**self).put(out); }
    }
    impl<T: Put + ?Sized> Put for Box<T> {
        fn put(&self, out: &mut Vec<u8>) { (**self).put(out); }
    }
    impl<T: Take> Take for Box<T> {
        fn take(from: &mut &[u8]) -> Option<Self> { T::take(from).map(Box::new) }
    }
    impl<T: Put> Put for [T] {
        fn put(&self, out: &mut Vec<u8>) {
            self.len().put(out);
            self.iter().for_each(|it| it.put(out));
        }
    }
    impl<T: Take> Take for &'static [T] {
        fn take(from: &mut &[u8]) -> Option<Self> { Some(Box::leak(Box::new(Vec::take(from)?))) }
    }
    impl<T: Put, const N: usize> Put for [T; N] {
        fn put(&self, out: &mut Vec<u8>) { self.iter().for_each(|it| it.put(out)); }
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
                fn put(&self, out: &mut Vec<u8>) {
                    self.len().put(out);
                    self.iter().for_each(|it| it.put(out));
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
        BTreeSet insert [Ord]);

    macro_rules! maps {
        ($($kind:ident [$($need:tt)*])*) => {$(
            impl<K: Put, V: Put> Put for $kind<K, V> {
                fn put(&self, out: &mut Vec<u8>) {
                    self.len().put(out);
                    self.iter().for_each(|(key, value)| { key.put(out); value.put(out); });
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
        fn put(&self, out: &mut Vec<u8>) {
            self.is_some().put(out);
            if let Some(it) = self { it.put(out); }
        }
    }
    impl<T: Take> Take for Option<T> {
        fn take(from: &mut &[u8]) -> Option<Self> {
            Some(if bool::take(from)? { Some(T::take(from)?) } else { None })
        }
    }
    impl<T: Put, E: Put> Put for Result<T, E> {
        fn put(&self, out: &mut Vec<u8>) {
            self.is_ok().put(out);
            match self { Ok(it) => it.put(out), Err(it) => it.put(out) }
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
                fn put(&self, out: &mut Vec<u8>) {
                    let ($($name,)*) = self;
                    $($name.put(out);)*
                }
            }
            impl<$($name: Take),*> Take for ($($name,)*) {
                fn take(from: &mut &[u8]) -> Option<Self> { Some(($($name::take(from)?,)*)) }
            }
        )*};
    }
    tuples!((A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F));

    pub fn line() -> ManuallyDrop<File> {
        ManuallyDrop::new(unsafe { File::from_raw_fd(3) })
    }

    pub fn send(body: &[u8]) -> std::io::Result<()> {
        let mut whole = (body.len() as u64).to_le_bytes().to_vec();
        whole.extend_from_slice(body);
        line().write_all(&whole)
    }

    pub fn receive() -> std::io::Result<Vec<u8>> {
        let mut head = [0u8; 8];
        line().read_exact(&mut head)?;
        let size = u64::from_le_bytes(head);
        if size > LARGEST {
            return Err(std::io::Error::other("a value larger than is taken"));
        }
        let mut body = vec![0u8; size as usize];
        line().read_exact(&mut body)?;
        Ok(body)
    }

    pub fn words(panic: &(dyn std::any::Any + Send)) -> String {
        match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
            (Some(it), _) => it.clone(),
            (_, Some(it)) => it.to_string(),
            _ => "a panic".to_string(),
        }
    }
}
