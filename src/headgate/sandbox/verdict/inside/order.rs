// Asks the code for the order and the equality that it wrote by hand, and believes it within bounds.
//
// Rule 1: an order that contradicts itself, or tells nothing apart, ends the judging.
// Rule 2: that two different values are equal is asked both ways round, among values like them
// that nobody asked for; it is believed of what differs by no more than case or a trace.
// Rule 3: of what differs by more it is neither believed nor held against the code.
#[allow(dead_code)]
mod hg_order {
    use super::hg_judge::{call, gone, named, taken};
    use super::hg_wire::Put;
    use std::cmp::Ordering;
    use std::collections::hash_map::RandomState;
    use std::hash::{BuildHasher, Hasher};
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    const DECOYS: usize = 24;
    const MOST_ALIKE: usize = 2;
    static APART: AtomicUsize = AtomicUsize::new(0);
    static TIES: AtomicUsize = AtomicUsize::new(0);

    pub struct Dice(u64);
    impl Dice {
        pub fn new() -> Self { Dice(RandomState::new().build_hasher().finish() | 1) }
        pub fn up_to(&mut self, most: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % most.max(1)
        }
    }

    fn asked<A: super::hg_wire::Take>(name: &str, pairs: &[(&[u8], &[u8])]) -> Vec<A> {
        let mut body = named(name);
        pairs.len().hg_put(&mut body);
        for (a, b) in pairs { body.extend_from_slice(a); body.extend_from_slice(b); }
        let answer = call(body);
        let found: Vec<A> = taken(&mut &answer[..]);
        if found.len() != pairs.len() { gone("the code sent no value"); }
        found
    }

    fn bytes<T: Put>(it: &T) -> Vec<u8> {
        let mut out = Vec::new();
        it.hg_put(&mut out);
        out
    }

    pub fn ordered<T: Put>(name: &str, a: &T, b: &T) -> Option<Ordering> {
        let (a, b) = (bytes(a), bytes(b));
        let is_turned = Dice::new().up_to(2) == 1;
        let (x, y) = if is_turned { (&b, &a) } else { (&a, &b) };
        let found: Vec<Option<Ordering>> = asked(name, &[(x, y), (y, x)]);
        if found[0] != found[1].map(Ordering::reverse) || (a == b && found[0] > Some(Ordering::Equal)) {
            gone("the code has an order that contradicts itself");
        }
        if a != b {
            (if found[0] == Some(Ordering::Equal) { &TIES } else { &APART }).fetch_add(1, SeqCst);
        }
        found[is_turned as usize]
    }

    /// Whether an order of the code told anything apart, if it was asked to.
    pub fn is_order() -> bool { TIES.load(SeqCst) < 2 || APART.load(SeqCst) > 0 }

    fn is_said<T: Put + Vary>(name: &str, a: &T, b: &T) -> bool {
        let mut dice = Dice::new();
        let (one, other) = (bytes(a), bytes(b));
        let mut all = vec![(true, one.clone(), other.clone()), (true, other.clone(), one.clone())];
        for _ in 0..DECOYS {
            all.push((false, one.clone(), bytes(&b.vary(&mut dice))));
            all.push((false, bytes(&a.vary(&mut dice)), other.clone()));
        }
        for at in (1..all.len()).rev() { all.swap(at, dice.up_to(at as u64 + 1) as usize); }
        let pairs: Vec<(&[u8], &[u8])> = all.iter().map(|it| (&it.1[..], &it.2[..])).collect();
        let found: Vec<bool> = asked(name, &pairs);
        let said = |real: bool| all.iter().zip(&found).filter(|(it, yes)| it.0 == real && **yes).count();
        said(true) == 2 && said(false) <= MOST_ALIKE
    }

    /// `whole`: the tests neither make such values themselves nor take them apart.
    pub fn equal<T: Put + Vary>(kind: &str, whole: bool, a: &T, b: &T) -> bool {
        if !is_said(&format!("hg_eq_{kind}"), a, b) { return false; }
        if whole && a.near(b) { return true; }
        super::hg_judge::unable(&format!(
            "{kind} has an equality written by hand, by which two values are equal that differ: \
             compare its fields, or what it answers"
        ))
    }

    /// Another value of the same look.
    pub trait Vary: Sized {
        fn vary(&self, dice: &mut Dice) -> Self;
        /// Whether it differs by no more than case or a trace.
        fn near(&self, other: &Self) -> bool;
    }
    macro_rules! whole {
        ($($kind:ty)*) => {$(
            impl Vary for $kind {
                fn vary(&self, dice: &mut Dice) -> Self {
                    let (mut low, mut high) = (0i128, 10i128);
                    let size = (*self as i128).abs();
                    while high <= size { low = high; high *= 10; }
                    for _ in 0..8 {
                        let made = (low + dice.up_to((high - low) as u64) as i128) * if (*self as i128) < 0 { -1 } else { 1 };
                        if let Ok(it) = <$kind>::try_from(made) { if it != *self { return it; } }
                    }
                    self.wrapping_add(1)
                }
                fn near(&self, other: &Self) -> bool { self == other }
            }
        )*};
    }
    whole!(i8 i16 i32 i64 u8 u16 u32 u64 usize isize);
    impl Vary for f64 {
        fn vary(&self, dice: &mut Dice) -> Self { self + (dice.up_to(900) + 1) as f64 / 8.0 * if self.abs() > 50.0 { 4.0 } else { 0.5 } }
        fn near(&self, other: &Self) -> bool { (self - other).abs() <= 1e-6 * self.abs().max(1.0) }
    }
    impl Vary for f32 {
        fn vary(&self, dice: &mut Dice) -> Self { (*self as f64).vary(dice) as f32 }
        fn near(&self, other: &Self) -> bool { (*self as f64).near(&(*other as f64)) }
    }
    impl Vary for bool {
        fn vary(&self, dice: &mut Dice) -> Self { dice.up_to(2) == 0 }
        fn near(&self, other: &Self) -> bool { self == other }
    }
    impl Vary for char {
        fn vary(&self, dice: &mut Dice) -> Self {
            let other = |from: char, size: u64, dice: &mut Dice| {
                let at = (*self as u64).saturating_sub(from as u64);
                char::from_u32(from as u32 + ((at + 1 + dice.up_to(size - 1)) % size) as u32).unwrap_or(from)
            };
            match self {
                'a'..='z' => other('a', 26, dice),
                'A'..='Z' => other('A', 26, dice),
                '0'..='9' => other('0', 10, dice),
                it => *it,
            }
        }
        fn near(&self, other: &Self) -> bool { self.to_lowercase().eq(other.to_lowercase()) }
    }
    impl Vary for String {
        fn vary(&self, dice: &mut Dice) -> Self {
            let made: String = self.chars().map(|it| it.vary(dice)).collect();
            if made == *self { format!("{made}{}", 'm'.vary(dice)) } else { made }
        }
        fn near(&self, other: &Self) -> bool { self.trim().to_lowercase() == other.trim().to_lowercase() }
    }
    impl<T: Vary> Vary for Option<T> {
        fn vary(&self, dice: &mut Dice) -> Self { self.as_ref().map(|it| it.vary(dice)) }
        fn near(&self, other: &Self) -> bool {
            match (self, other) { (Some(a), Some(b)) => a.near(b), (a, b) => a.is_none() && b.is_none() }
        }
    }
    impl<T: Vary> Vary for Box<T> {
        fn vary(&self, dice: &mut Dice) -> Self { Box::new((**self).vary(dice)) }
        fn near(&self, other: &Self) -> bool { (**self).near(other) }
    }
    impl<T: Vary + Clone> Vary for Vec<T> {
        fn vary(&self, dice: &mut Dice) -> Self {
            if self.len() < 2 || dice.up_to(2) == 0 { return self.iter().map(|it| it.vary(dice)).collect(); }
            self[1..].iter().map(|it| it.vary(dice)).collect()
        }
        fn near(&self, other: &Self) -> bool {
            self.len() == other.len() && self.iter().zip(other).all(|(a, b)| a.near(b))
        }
    }
}
