// Exchanges calls with the other side; each thread has a conversation of its own.
//
// Rule 1: a side that waits for an answer serves what the other asks in the same conversation.
// Rule 2: what is asked is served by the function that was set here, and by nothing else.
#[allow(dead_code)]
mod hg_line {
    use std::cell::RefCell;
    use std::collections::HashMap;
    use std::fs::File;
    use std::io::{Read, Write};
    use std::mem::ManuallyDrop;
    use std::os::fd::FromRawFd;
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    use std::sync::mpsc::{channel, Receiver, Sender};
    use std::sync::{Mutex, OnceLock};

    const LARGEST: u64 = 256 << 20;
    const STACK: usize = 64 << 20;
    const REQUEST: u8 = 0;
    const ANSWER: u8 = 1;

    pub struct Side {
        pub first: u64,
        pub serve: fn(&[u8]) -> Vec<u8>,
        pub gone: fn(&str) -> !,
    }

    type Inbox = Sender<(u8, Vec<u8>)>;
    static SIDE: OnceLock<Side> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static WRITING: Mutex<()> = Mutex::new(());
    static INBOXES: OnceLock<Mutex<HashMap<u64, Inbox>>> = OnceLock::new();

    thread_local! {
        static MINE: RefCell<Option<(u64, Receiver<(u8, Vec<u8>)>)>> = const { RefCell::new(None) };
    }

    fn side() -> &'static Side { SIDE.get().expect("a side") }
    fn inboxes() -> &'static Mutex<HashMap<u64, Inbox>> { INBOXES.get_or_init(Default::default) }
    fn line() -> ManuallyDrop<File> { ManuallyDrop::new(unsafe { File::from_raw_fd(3) }) }

    fn send(number: u64, kind: u8, body: &[u8]) {
        let changed = super::hg_cells::changed();
        let mut whole = ((changed.len() + body.len()) as u64).to_le_bytes().to_vec();
        whole.extend_from_slice(&number.to_le_bytes());
        whole.push(kind);
        whole.extend_from_slice(&changed);
        whole.extend_from_slice(body);
        let _held = WRITING.lock().unwrap_or_else(|it| it.into_inner());
        if line().write_all(&whole).is_err() {
            (side().gone)("the process of the code has ended");
        }
    }

    fn read_one() -> std::io::Result<(u64, u8, Vec<u8>)> {
        let mut head = [0u8; 17];
        line().read_exact(&mut head)?;
        let size = u64::from_le_bytes(head[..8].try_into().unwrap());
        if size > LARGEST {
            return Err(std::io::Error::other("a value larger than is taken"));
        }
        let mut body = vec![0u8; size as usize];
        line().read_exact(&mut body)?;
        Ok((u64::from_le_bytes(head[8..16].try_into().unwrap()), head[16], body))
    }

    pub fn first() -> u64 { side().first }

    /// Sets the side, and hears for as long as there is somebody on the line.
    pub fn set(it: Side) { let _ = SIDE.set(it); }

    pub fn listen() {
        loop {
            let Ok((number, kind, body)) = read_one() else {
                (side().gone)("the process of the code has ended")
            };
            let known = inboxes().lock().unwrap().get(&number).cloned();
            let inbox = match known {
                Some(it) => it,
                None if kind == REQUEST && number % 2 != side().first % 2 => begin(number),
                None => (side().gone)("the code answered what it was not asked"),
            };
            let _ = inbox.send((kind, body));
        }
    }

    /// A conversation that the other side began.
    fn begin(number: u64) -> Inbox {
        let (inbox, hears) = channel();
        inboxes().lock().unwrap().insert(number, inbox.clone());
        let started = std::thread::Builder::new().stack_size(STACK).spawn(move || {
            MINE.with(|it| *it.borrow_mut() = Some((number, hears)));
            loop { wait(); }
        });
        if started.is_err() {
            (side().gone)("no thread could be started");
        }
        inbox
    }

    pub fn number() -> u64 {
        MINE.with(|it| {
            it.borrow_mut().get_or_insert_with(|| {
                let number = NEXT.fetch_add(2, SeqCst) + side().first;
                let (inbox, hears) = channel();
                inboxes().lock().unwrap().insert(number, inbox);
                (number, hears)
            }).0
        })
    }

    /// The answer, if one came; what was asked meanwhile is served.
    fn wait() -> Option<Vec<u8>> {
        let heard = MINE.with(|it| it.borrow().as_ref().unwrap().1.recv());
        let heard = heard.map(|(kind, body)| {
            let mut rest = &body[..];
            if super::hg_cells::told(&mut rest).is_none() { (side().gone)("the code sent no value") }
            (kind, rest.to_vec())
        });
        match heard {
            Ok((ANSWER, body)) => Some(body),
            Ok((_, body)) => {
                let answer = (side().serve)(&body);
                send(number(), ANSWER, &answer);
                None
            }
            Err(_) => (side().gone)("the process of the code has ended"),
        }
    }

    pub fn ask(body: &[u8]) -> Vec<u8> {
        send(number(), REQUEST, body);
        loop {
            if let Some(answer) = wait() { return answer; }
        }
    }

    pub fn words(panic: &(dyn std::any::Any + Send)) -> String {
        match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
            (Some(it), _) => it.clone(),
            (_, Some(it)) => it.to_string(),
            _ => "a panic".to_string(),
        }
    }
}
